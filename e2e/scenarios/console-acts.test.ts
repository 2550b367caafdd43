import { join } from 'node:path';
import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { createApi } from '../support/api.ts';
import { browser as program } from '../support/browser.ts';
import {
  expectAccessible,
  goTo,
  keepPicture,
  openConsole,
  signInTo,
  startBrowser,
  type TabOptions,
} from '../support/console-browser.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { recording, scripted } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const LOOKS: readonly TabOptions[] = [
  { width: 360, scheme: 'light' },
  { width: 768, scheme: 'dark' },
  { width: 1280, scheme: 'dark' },
];

describe.runIf(program !== undefined)('what is done in the console', () => {
  let folder: TemporaryFolder;
  let server: TestServer;
  let browser: Browser;
  let agent: HeldToken;
  beforeAll(async () => {
    folder = createTemporaryFolder();
    [server, browser] = await Promise.all([
      startServer({ mcpServers: { notes: recording(join(folder.path, 'calls')) } }),
      startBrowser(),
    ]);
    agent = await createToken(server, 'agent', withTools({ 'mcp/notes': { echo: { approval: 'ask' } } }));
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    folder?.[Symbol.dispose]();
  });

  const open = (options: TabOptions = {}) => openConsole(browser, server.url, options);
  const callEcho = () => agent.stream({ input: 'Echo red fox', integrations: ['mcp/notes'] });

  for (const [act, decide, outcome] of [
    ['approve', (card: Locator) => card.getByRole('button', { name: 'Approve' }).press('Enter'), 'red fox'],
    [
      'approve with other arguments',
      async (card: Locator) => {
        await card.getByRole('button', { name: 'Change the arguments' }).click();
        await card.getByLabel('Arguments as JSON').fill('{"message": }');
        await card.getByText('This is not a JSON object.').waitFor();
        await card.getByLabel('Arguments as JSON').fill('{"message": "red hen"}');
        await card.getByText('"red hen"').last().waitFor();
        await keepPicture(card.page(), 'approvals-changed');
        await card.getByRole('button', { name: 'Approve as changed' }).click();
      },
      'red hen',
    ],
    ['deny', (card: Locator) => card.getByRole('button', { name: 'Deny' }).click(), undefined],
  ] as const) {
    verifies(
      'console.approvals',
      async () => {
        await using tab = await open();
        const { page, problems } = tab;
        await signInTo(page, server.adminToken);
        await goTo(page, 'Approvals');
        await page.getByText('No call waits.').waitFor();
        const stream = await callEcho();
        await stream.until('tool_call.approval_required');
        const card = page
          .getByRole('listitem')
          .filter({ has: page.getByRole('heading', { name: 'echo of mcp/notes' }) });
        await card.getByText(/^agent/).waitFor();
        await card.getByText('The grant of token agent lets this tool be called only with approval.').waitFor();
        await card.getByText('"red fox"').waitFor();
        if (act === 'approve') await keepPicture(page, 'approvals');
        await decide(card);
        const { result } = await stream.until('chat.end');
        const [call] = result.output.filter(({ type }: { type: string }) => type.endsWith('tool_call'));
        expect(call).toMatchObject(
          outcome === undefined ? { type: 'invalid_tool_call' } : { output: expect.stringContaining(outcome) },
        );
        await page.getByText(outcome === undefined ? 'was denied' : 'was approved').waitFor();
        await page.getByText('No call waits.').waitFor();
        expect(problems).toEqual([]);
      },
      act,
    );
  }

  verifies('console.tokens', async () => {
    await using tab = await open();
    const { page, problems } = tab;
    await signInTo(page, server.adminToken);
    await goTo(page, 'Tokens');
    await page.getByRole('link', { name: 'New token' }).click();
    await page.getByLabel('Name', { exact: true }).fill('made here');

    // The form and the JSON follow each other.
    const json = page.getByLabel('Grant as JSON');
    await page.getByLabel('Models', { exact: true }).fill(NANO);
    await expect.poll(() => json.inputValue()).toContain(NANO);
    await json.fill(JSON.stringify({ actions: ['chat'], models: [NANO], limits: { requestsPerMinute: 5 } }));
    await expect.poll(() => page.getByLabel('Requests a minute').inputValue()).toBe('5');
    await page.getByLabel('embeddings').check();
    await expect.poll(() => json.inputValue()).toContain('embeddings');
    await page.getByLabel('Server', { exact: true }).first().fill('mcp/notes');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('It may call every tool of mcp/notes.').waitFor();
    await page.getByLabel('ask a person').check();
    await page.getByText('It may call every tool of mcp/notes, once a person approves the call.').waitFor();

    // A dry run: the server decides, and nothing is made yet.
    await page.getByLabel('Model', { exact: true }).fill('other/model');
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByText(/No: .*other\/model/).waitFor();
    await page.getByLabel('Model', { exact: true }).fill(NANO);
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.getByText('Yes.', { exact: true }).waitFor();
    await keepPicture(page, 'token-new');

    await page.getByRole('button', { name: 'Make the token' }).click();
    const secret = (await page.getByLabel('Token', { exact: true }).textContent())?.trim() ?? '';
    expect(secret).toMatch(/^sk-lm-/);
    await keepPicture(page, 'token-made');
    const made = createApi(server.url, secret);
    expect((await made.chat({ model: NANO, input: 'Hello' })).status).toBe(200);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('heading', { level: 1, name: 'made here' }).waitFor();
    expect(await page.content()).not.toContain(secret);

    // Change the grant: what that adds and takes away is shown first.
    await page.getByRole('button', { name: 'Change the grant' }).click();
    await page.getByLabel('embeddings').uncheck();
    await page.getByRole('deletion').getByText('It may: chat and embeddings.').waitFor();
    await page.getByRole('insertion').getByText('It may: chat.').waitFor();
    await keepPicture(page, 'token-change');
    await page.getByRole('button', { name: 'Save the grant' }).click();
    await page.getByRole('heading', { name: 'What it may do' }).waitFor();
    await page.getByText('It may: chat.').waitFor();

    // Rotate, and revoke.
    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('button', { name: 'Rotate it' }).click();
    const rotated = (await page.getByLabel('Token', { exact: true }).textContent())?.trim() ?? '';
    expect((await createApi(server.url, rotated).get('/api/v1/whoami')).status).toBe(200);
    expect((await made.get('/api/v1/whoami')).status).toBe(401);
    await page.getByRole('button', { name: 'Revoke', exact: true }).click();
    await page.getByRole('button', { name: 'Revoke it' }).click();
    await page.getByText('revoked', { exact: true }).waitFor();
    expect((await createApi(server.url, rotated).get('/api/v1/whoami')).status).toBe(401);
    expect(problems).toEqual([]);
  });

  verifies('console.hygiene', async () => {
    const wide = await createToken(server, 'wide one', withTools({ 'mcp/*': { '*': {} } }));
    await wide.chat({ model: NANO, input: 'Echo red fox', integrations: ['mcp/notes'] });
    await using tab = await open();
    const { page, problems } = tab;
    await signInTo(page, server.adminToken);
    await goTo(page, 'Key hygiene');
    const wider = page.getByRole('region', { name: 'Wider than used' });
    await wider.getByText('It used 1 of 2 tools').waitFor();
    await page.getByRole('region', { name: 'Without expiry' }).getByRole('link', { name: 'wide one' }).waitFor();
    const { stdout } = await runLatchkey(['token', 'doctor', '--data', server.data, '--json']);
    const { findings } = JSON.parse(stdout) as { findings: { kind: string; token: { name: string } }[] };
    expect(findings.filter(({ token }) => token.name === 'wide one').map(({ kind }) => kind)).toEqual([
      'wider-than-used',
      'no-expiry',
      'no-limits',
    ]);
    const lines = await page.getByRole('main').getByRole('listitem').count();
    expect(lines).toBe(findings.length);

    await wider.getByRole('button', { name: 'Narrow it: the grant of wide one' }).press('Enter');
    await wider.getByRole('deletion').getByText('It may call every tool of mcp/*.').waitFor();
    await wider.getByRole('insertion').getByText('It may call echo of mcp/notes.').waitFor();
    await keepPicture(page, 'hygiene-narrow');
    // Nothing is changed before it is saved.
    expect((await server.admin.get(`/api/v1/tokens/${wide.id}`)).body.grant.mcp).toHaveProperty('mcp/*');
    await wider.getByRole('button', { name: 'Save the grant' }).click();
    await page.getByText('The grant of wide one is narrowed').waitFor();
    expect((await server.admin.get(`/api/v1/tokens/${wide.id}`)).body.grant.mcp).toEqual({
      'mcp/notes': { tools: { echo: {} } },
    });
    await wider.waitFor({ state: 'detached' });
    expect(problems).toEqual([]);
  });

  verifies('console.sees-what-it-may', async () => {
    const reader = await createToken(server, 'only reads tokens', { actions: ['tokens:read'] });
    await using tab = await open();
    const { page } = tab;
    await signInTo(page, reader.token);
    const names = await page.getByRole('navigation').getByRole('link').allTextContents();
    expect(names).toEqual(['Tokens', 'Key hygiene', 'Sessions']);
    await goTo(page, 'Tokens');
    expect(await page.getByRole('link', { name: 'New token' }).count()).toBe(0);
    // A page that is not shown can be asked for; the server refuses what it would show.
    await page.goto(`${server.url}/console/approvals`);
    await page.getByRole('alert').getByText('approvals:decide').waitFor();
  });

  verifies('console.pins', async () => {
    await using flipping = await startServer({ mcpServers: { a: scripted('flip', 'promise') } });
    const looker = await createToken(flipping, 'looker', {
      ...withTools({ 'mcp/a': { '*': {} } }),
      actions: ['chat', 'mcp:read'],
    });
    await using tab = await openConsole(browser, flipping.url);
    const { page, problems } = tab;
    await signInTo(page, flipping.adminToken);
    await goTo(page, 'MCP servers');
    await page.getByRole('button', { name: 'Start and test mcp/a' }).click();
    await page.getByText(/^It works, and has \d+ tools\.$/).waitFor();
    // The tool that changes the definition of another one.
    const announce = { type: 'plugin', id: 'mcp/a', allowed_tools: ['announce'] };
    expect((await flipping.admin.chat({ input: 'Use announce.', integrations: [announce] })).status).toBe(200);

    // A token that may look may not approve.
    await using other = await openConsole(browser, flipping.url);
    await signInTo(other.page, looker.token);
    await goTo(other.page, 'MCP servers');
    await other.page.getByRole('button', { name: 'Look at what changed in mcp/a' }).click();
    await other.page.getByRole('region', { name: 'The definition of echo', exact: true }).waitFor();
    expect(await other.page.getByRole('button', { name: 'Approve' }).count()).toBe(0);

    await goTo(page, 'Models');
    await goTo(page, 'MCP servers');
    await page.getByText('Held back until a person has looked at the definitions: echo (changed).').waitFor();
    await page.getByRole('button', { name: 'Look at what changed in mcp/a' }).press('Enter');
    const echo = page.getByRole('region', { name: 'The definition of echo', exact: true });
    await echo.getByRole('deletion').getByText('-Version 1.').waitFor();
    await echo.getByRole('insertion').getByText('+Version 2.').waitFor();
    await expectAccessible(page, 'pins');
    await keepPicture(page, 'mcp-pins');
    await echo.getByRole('button', { name: 'Approve the definition of echo' }).click();
    await page.getByText('Approved: echo.').waitFor();
    await page.getByText('Held back').waitFor({ state: 'detached' });
    const { body } = await flipping.admin.get('/api/v1/mcp/servers');
    expect(body.servers[0].pins.held).toEqual([]);
    expect([problems, other.problems]).toEqual([[], []]);
  });

  verifies('console.models', async () => {
    await using tab = await open();
    const { page, problems } = tab;
    await signInTo(page, server.adminToken);
    await goTo(page, 'Models');
    await page.getByRole('button', { name: `Load ${NANO}`, exact: true }).click();
    await page.getByLabel('Context').fill('3');
    const form = page.getByRole('form', { name: `Load ${NANO}` });
    await form.getByRole('button', { name: 'Load', exact: true }).click();
    await form.getByRole('alert').getByText('context_length').waitFor();
    await page.getByLabel('Context').fill('512');
    await page.getByLabel('Unload after').fill('600');
    await keepPicture(page, 'models-load');
    await form.getByRole('button', { name: 'Load', exact: true }).press('Enter');
    await page.getByText(`${NANO} is loaded, after`).waitFor();
    const row = page.getByRole('row', { name: NANO });
    await row.getByText('context 512').waitFor();
    await expectAccessible(page, 'models loaded');
    await keepPicture(page, 'models-loaded');
    const instances = async () => (await server.admin.get('/api/v1/models')).body.models[0].loaded_instances.length;
    const before = await instances();
    await row.getByRole('button', { name: 'Unload' }).last().click();
    await page.getByRole('button', { name: 'Unload it' }).click();
    await page.getByText('is unloaded.').waitFor();
    expect(await instances()).toBe(before - 1);
    await using other = await open();
    await signInTo(other.page, agent.token);
    await goTo(other.page, 'Models');
    await other.page.getByRole('row', { name: NANO }).waitFor();
    expect(await other.page.getByRole('button', { name: /load/i }).count()).toBe(0);
    expect(problems).toEqual([]);
  });

  verifies('console.installation', async () => {
    await agent.chat({ model: NANO, input: 'Hello' });
    await using tab = await open();
    const { page, problems } = tab;
    await signInTo(page, server.adminToken);

    await goTo(page, 'Models');
    await page.getByRole('row', { name: NANO }).getByText('text, 2.9M').waitFor();
    await goTo(page, 'MCP servers');
    await page.getByRole('heading', { name: 'mcp/notes' }).waitFor();
    await page.getByRole('button', { name: 'Start all' }).click();
    await page.getByText('2 tools').click();
    await page.getByText('fetch_note', { exact: true }).waitFor();
    await goTo(page, 'Usage');
    await page.getByLabel('By').selectOption('Model');
    await page.getByRole('row', { name: NANO }).waitFor();
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save as CSV' }).click();
    expect((await saved).suggestedFilename()).toMatch(/^latchkey-usage-.*\.csv$/);
    await goTo(page, 'Audit');
    await page.getByLabel('Type').fill('session.started');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByRole('row', { name: 'administrator' }).first().waitFor();
    expect(await page.getByRole('cell', { name: 'token.issued' }).count()).toBe(0);

    await goTo(page, 'Settings');
    await page.getByLabel('Allow the servers of mcp.json').click();
    await page.getByText('The settings are changed.').waitFor();
    expect((await server.admin.get('/api/v1/settings')).body.allowMcpJson).toBe(false);
    await page.getByLabel('Allow the servers of mcp.json').click();
    await expect.poll(async () => (await server.admin.get('/api/v1/settings')).body.allowMcpJson).toBe(true);
    // The other times are as they were, and can be saved.
    const { unusedTokenTtl: _, ...before } = (await server.admin.get('/api/v1/settings')).body;
    for (const [text, seconds] of [
      ['90d', 90 * 86_400],
      ['0', 0],
    ] as const) {
      await page.getByLabel('Unused tokens').fill(text);
      // Another setting is changed meanwhile, so that all are read again: what was typed stays.
      const readAgain = page.waitForResponse(
        (response) => response.url().endsWith('/api/v1/settings') && response.request().method() === 'GET',
      );
      await page.getByLabel('Allow the servers of mcp.json').click();
      await readAgain;
      await page.getByText('The settings are changed.').waitFor();
      before.allowMcpJson = !before.allowMcpJson;
      await page.getByRole('button', { name: 'Save' }).click();
      const now = async () => (await server.admin.get('/api/v1/settings')).body;
      await expect.poll(now).toEqual({ ...before, unusedTokenTtl: seconds });
    }
    await page.getByLabel('Lockdown').click();
    await page.getByRole('dialog').getByText('is refused at once').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    expect((await server.admin.get('/api/v1/settings')).body.lockdown).toBe(false);
    expect(problems).toEqual([]);
  });

  verifies('console.sessions', async () => {
    const { token } = await createToken(server, 'twice', CHAT_GRANT);
    await using one = await open();
    await using other = await open();
    await signInTo(one.page, token);
    await signInTo(other.page, token);
    await goTo(one.page, 'Sessions');
    await one.page.getByText('this browser').waitFor();
    await keepPicture(one.page, 'sessions');
    await one.page.getByRole('button', { name: 'End' }).click();
    await one.page.getByRole('button', { name: 'End it' }).click();
    await one.page.getByText('The session has ended.').waitFor();
    await other.page.getByRole('link', { name: 'Sessions' }).click();
    await other.page.getByText('Your session has ended.').waitFor();
  });

  for (const look of LOOKS) {
    const at = `${look.width}-${look.scheme}`;
    verifies(
      'console.access',
      async () => {
        await using tab = await open(look);
        const { page, problems } = tab;
        await signInTo(page, server.adminToken);
        const stream = await callEcho();
        await stream.until('tool_call.approval_required');
        await goTo(page, 'Approvals');
        await page.getByRole('button', { name: 'Change the arguments' }).click();
        await expectAccessible(page, `approvals ${at}`);
        await keepPicture(page, `approvals-${at}`);
        await page.getByRole('button', { name: 'Deny' }).click();
        await stream.until('chat.end');
        for (const name of [
          'Tokens',
          'Key hygiene',
          'Models',
          'MCP servers',
          'Usage',
          'Audit',
          'Settings',
          'Sessions',
        ]) {
          await goTo(page, name);
          await page.getByText('Loading').waitFor({ state: 'detached' });
          await expectAccessible(page, `${name} ${at}`);
          await keepPicture(page, `${name.toLowerCase().replace(' ', '-')}-${at}`);
        }
        await page.goto(`${server.url}/console/tokens/new`);
        await page.getByLabel('Grant as JSON').waitFor();
        await expectAccessible(page, `new token ${at}`);
        await keepPicture(page, `token-new-${at}`);
        await page.goto(`${server.url}/console/tokens/${agent.id}`);
        await page.getByRole('button', { name: 'Rotate' }).click();
        await expectAccessible(page, `token ${at}`);
        await keepPicture(page, `token-${at}`);
        expect(problems).toEqual([]);
      },
      `what is done at ${look.width} pixels, ${look.scheme}`,
    );
  }
});
