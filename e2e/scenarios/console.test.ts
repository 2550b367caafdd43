import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { browser as program } from '../support/browser.ts';
import {
  type ConsoleTab,
  expectAccessible,
  keepPicture,
  openConsole,
  openTab,
  signInTo,
  startBrowser,
  type TabOptions,
} from '../support/console-browser.ts';
import { runLatchkey } from '../support/latchkey-command.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken, type HeldToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

if (program === undefined) console.warn('The console was not tried: no Chromium.');

/** Texts that are scripts where a page takes them for more than texts. */
const HOSTILE = [
  '<img src=x onerror="document.title=\'taken\'">',
  '<script>document.title="taken"</script>',
  '[link](javascript:document.title="taken")',
  '"><svg onload=document.title="taken">',
];

describe.runIf(program !== undefined)('the console', () => {
  let server: TestServer;
  let browser: Browser;
  beforeAll(async () => {
    [server, browser] = await Promise.all([startServer(), startBrowser()]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const open = (options: TabOptions = {}): Promise<ConsoleTab> => openConsole(browser, server.url, options);
  const say = async (token: HeldToken, input: string, more: object = {}): Promise<string> =>
    (await token.chat({ model: NANO, input, ...more })).body.response_id;

  verifies('console.sign-in', async () => {
    const { token } = await createToken(server, 'reader', CHAT_GRANT);
    await using tab = await open();
    const { page, requests, problems } = tab;
    await signInTo(page, token);
    await page.getByText('reader', { exact: true }).waitFor();
    // Nothing that a script can reach has the token, and nothing was asked of another server.
    const { origins } = await page.context().storageState();
    const reach = JSON.stringify([origins, page.url(), await page.content()]);
    expect(reach).not.toContain(token);
    expect(reach).not.toMatch(/latchkey-session/);
    expect(requests.filter((url) => !url.startsWith(`${server.url}/`))).toEqual([]);
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });

    // Another tab of the same browser is signed in, and is signed out with this one.
    const second = await page.context().newPage();
    await second.goto(`${server.url}/console`);
    await second.getByRole('heading', { name: 'Conversations' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await second.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(problems).toEqual([]);
  });

  verifies(
    'console.sign-in',
    async () => {
      await using tab = await open();
      const { page } = tab;
      await page.getByLabel('Token').fill('sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('The token is not valid.').waitFor();
      await page.getByLabel('Token').fill('');
      await page.keyboard.press('Enter');
      await page.getByText('Enter a token.').waitFor();
    },
    'a wrong one is refused in words',
  );

  verifies('console.token-ends', async () => {
    const { id, token } = await createToken(server, 'short', CHAT_GRANT);
    await using tab = await open();
    const { page } = tab;
    await signInTo(page, token);
    await server.admin.post(`/api/v1/tokens/${id}/revoke`, {});
    // The page may have noticed by itself already.
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  verifies('console.link', async () => {
    const { stdout } = await runLatchkey(['console', '--data', server.data, '--json']);
    const { url } = JSON.parse(stdout) as { url: string };
    await using tab = await openTab(browser);
    const { page, requests } = tab;
    await page.goto(url);
    await page.getByText('administrator', { exact: true }).waitFor();
    // The code is gone from the address, and was in no request line.
    const [, code = '-'] = url.split('#link=');
    expect(page.url()).not.toContain(code);
    expect(requests.filter((request) => request.includes(code) && !request.includes('#'))).toEqual([]);
    await using other = await openTab(browser);
    await other.page.goto(url);
    await other.page.getByRole('alert').getByText('used already').waitFor();
  });

  verifies('console.link-kept', async () => {
    const { token } = await createToken(server, 'holder', CHAT_GRANT);
    await using tab = await open();
    const { page } = tab;
    await signInTo(page, token);
    await page.getByText('holder', { exact: true }).waitFor();
    // Any page can lead here.
    await page.goto('about:blank');
    await page.goto(`${server.url}/console#link=of-another-page`);
    await page.getByRole('alert').getByText('used already').waitFor();
    await page.getByText('holder', { exact: true }).waitFor();
    await page.reload();
    await page.getByText('holder', { exact: true }).waitFor();
    // A page that shows something of the one token, and then the link of another in the same tab.
    await page.getByRole('link', { name: 'Conversations' }).click();
    await page.evaluate("document.querySelector('#content').setAttribute('data-former', '')");
    const { stdout } = await runLatchkey(['console', '--data', server.data, '--json']);
    const { hash } = new URL((JSON.parse(stdout) as { url: string }).url);
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.getByText('administrator', { exact: true }).waitFor();
    expect(await page.locator('[data-former]').count()).toBe(0);
  });

  verifies('console.sign-out-unstored', async () => {
    const { token } = await createToken(server, 'leaver', CHAT_GRANT);
    await using tab = await open();
    const { page } = tab;
    await signInTo(page, token);
    await page.route('**/api/v1/sessions/current', (route) => route.fulfill({ status: 503, body: '<html>' }));
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('alert').getByText('could not end it').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  verifies('console.conversations', async () => {
    const caller = await createToken(server, 'talker', CHAT_GRANT);
    const first = await say(caller, 'Hello there');
    await say(caller, 'And again', { previous_response_id: first });
    const other = await say(caller, 'Something else');
    await using tab = await open();
    const { page, problems } = tab;
    await signInTo(page, caller.token);
    await page.getByRole('row').nth(2).waitFor();
    const rows = page.locator('tbody tr');
    expect(await rows.count()).toBe(2);
    await keepPicture(page, 'conversations');
    expect(await rows.nth(1).locator('td').allTextContents()).toEqual([NANO, 'complete', '2', 'in 30 days', 'Delete']);

    // By keyboard: read the longer one, and go back.
    await rows.nth(1).getByRole('link').focus();
    await page.keyboard.press('Enter');
    await page.getByText('Hello there').waitFor();
    await page.getByText('And again').waitFor();
    await keepPicture(page, 'conversation');
    await page.goBack();

    // By mouse: delete it, after a question that can be answered with no.
    await rows.nth(1).getByRole('button', { name: 'Delete' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await rows.count()).toBe(2);
    await rows.nth(1).getByRole('button', { name: 'Delete' }).click();
    await keepPicture(page, 'conversation-delete');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click();
    await page.getByText('2 responses were deleted.').waitFor();
    await expect.poll(() => rows.count()).toBe(1);
    const { body } = await caller.get('/api/v1/responses');
    expect(body.responses.map(({ id }: { id: string }) => id)).toEqual([other]);
    expect(problems).toEqual([]);
  });

  verifies('console.hostile-texts', async () => {
    const caller = await createToken(server, HOSTILE[0] ?? '', CHAT_GRANT);
    const input = HOSTILE.join('\n');
    const id = await say(caller, input, { system_prompt: input });
    await using tab = await open();
    const { page, problems } = tab;
    await signInTo(page, caller.token);
    await page.getByText(HOSTILE[0] ?? '', { exact: true }).waitFor();
    await page.goto(`${server.url}/console/conversations/${id}`);
    await page
      .getByText(HOSTILE[1] ?? '')
      .first()
      .waitFor();
    expect(await page.title()).toBe('Conversation – Latchkey');
    expect(await page.locator('main img, main script, main svg').count()).toBe(0);
    expect(problems).toEqual([]);
  });

  verifies('console.framed', async () => {
    await using tab = await openTab(browser);
    const { page } = tab;
    await page.route('http://attacker.test/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${server.url}/console"></iframe>` }),
    );
    await page.goto('http://attacker.test/');
    await expect.poll(() => page.frames().map((frame) => frame.url())).toContain('chrome-error://chromewebdata/');
  });

  for (const width of [360, 768, 1280]) {
    for (const scheme of ['light', 'dark'] as const) {
      verifies(
        'console.access',
        async () => {
          const caller = await createToken(server, 'looker', CHAT_GRANT);
          const id = await say(caller, `Hello, ${'a-long-word'.repeat(20)}`);
          await using tab = await open({ width, scheme });
          const { page, problems } = tab;
          const at = `${width}-${scheme}`;
          await expectAccessible(page, `sign-in ${at}`);
          await keepPicture(page, `sign-in-${at}`);
          await signInTo(page, caller.token);
          await page.getByRole('row').nth(1).waitFor();
          await expectAccessible(page, `conversations ${at}`);
          await keepPicture(page, `conversations-${at}`);
          if (width < 768) {
            await page.getByRole('button', { name: 'Menu' }).press('Enter');
            await expectAccessible(page, `menu ${at}`);
            await keepPicture(page, `menu-${at}`);
          }
          await page.goto(`${server.url}/console/conversations/${id}`);
          await page.getByRole('listitem').nth(1).waitFor();
          await expectAccessible(page, `conversation ${at}`);
          await keepPicture(page, `conversation-${at}`);
          expect(problems).toEqual([]);
        },
        `${width} pixels, ${scheme}`,
      );
      verifies(
        'console.manual',
        async () => {
          await using tab = await openTab(browser, { width, scheme });
          const { page, problems, requests } = tab;
          await page.goto(`${server.url}/docs`);
          await page.getByRole('heading', { level: 1, name: 'Latchkey' }).waitFor();
          await expectAccessible(page, 'start');
          const contents = page.getByRole('navigation', { name: 'Contents' });
          await contents.getByRole('link', { name: 'Grants', exact: true }).press('Enter');
          await page.getByRole('heading', { level: 1, name: 'Grants' }).waitFor();
          await expectAccessible(page, 'grants');
          await keepPicture(page, `docs-${width}-${scheme}`);
          await page.goto(`${server.url}/docs/decisions/0001-node-floor`);
          await contents.getByRole('link', { name: 'The HTTP API' }).click();
          await page.getByRole('row').nth(1).waitFor();
          await expectAccessible(page, 'the HTTP API');
          // Nothing is asked of other servers, and no script runs.
          expect(requests.filter((url) => !url.startsWith(`${server.url}/`))).toEqual([]);
          expect(problems).toEqual([]);
        },
        `${width} pixels, ${scheme}`,
      );
    }
  }
});
