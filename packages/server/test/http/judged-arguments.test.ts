import { linkSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolRules } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';
import { send } from './in-process-client.ts';
import { call } from './mcp-client.ts';
import { newServer, type TestServer } from './new-server.ts';
import { answer, chat, DECIDER, eventsOf, waiting, waits } from './waiting-run.ts';

const ERA = 'modern' as const;

/** A folder with links out of it, inside it and to nowhere. */
function makeDocs(): string {
  const folder = temporaryFolder();
  writeFiles(folder, { 'docs/a.txt': 'a', 'secret/key': 'k' });
  symlinkSync(join(folder, 'docs/a.txt'), join(folder, 'docs/inner'));
  symlinkSync(join(folder, 'secret'), join(folder, 'docs/out'));
  symlinkSync(join(folder, 'nowhere'), join(folder, 'docs/dangling'));
  linkSync(join(folder, 'secret/key'), join(folder, 'docs/hard'));
  return join(folder, 'docs');
}

const grantOf = (rules: ToolRules[string]['tools']): Grant => ({
  actions: ['chat'],
  models: ['*'],
  mcp: { 'mcp/a': { tools: rules } },
});
const within = (folder: string) => grantOf({ echo: { arguments: { text: { within: folder } } } });

async function can(server: TestServer, token: string, name: string, args: object) {
  const body = { action: 'chat', tool: { server: 'mcp/a', name, arguments: args } };
  return (await send(server.app, { method: 'POST', path: '/api/v1/can', token, body })).json();
}

const textOf = (result: unknown): string => JSON.stringify(result);

describe('a path that was judged', () => {
  it('is what the tool receives, and what the dry run shows', async () => {
    const docs = makeDocs();
    const server = await newServer({ turns: [callsTool('echo', { text: join(docs, 'inner') }), says('Done')] });
    const token = await server.issue(within(docs));
    const real = join(docs, 'a.txt');
    expect((await call(server, token, 'echo', { text: join(docs, 'inner') }, ERA)).result).toMatchObject({
      content: [{ type: 'text', text: real }],
      isError: false,
    });
    expect(await can(server, token, 'echo', { text: join(docs, 'inner') })).toMatchObject({
      allowed: true,
      arguments: { text: real },
    });
    const events = eventsOf((await send(server.app, chat(token, { stream: true }))).text);
    expect(events.find(({ type }) => type === 'tool_call.success')).toMatchObject({ arguments: { text: real } });
    expect(textOf(server.engine.requests.at(-1)?.messages)).not.toContain('A person has changed');
  });

  it('is what a person sees, and a person writes real paths, too', async () => {
    const docs = makeDocs();
    const rule = { approval: 'ask' as const, arguments: { text: { within: docs } } };
    const turns = [callsTool('echo', { text: join(docs, 'inner') }), says('Done')];
    const { server, id, end } = await waits({ turns }, { grant: grantOf({ echo: rule }) });
    const decider = await server.issue(DECIDER);
    expect(await waiting(server, decider)).toMatchObject([{ arguments: { text: join(docs, 'a.txt') } }]);
    const linked = await answer(server, decider, id, { decision: 'approve', arguments: { text: join(docs, 'inner') } });
    expect([linked.status, linked.json()]).toMatchObject([
      400,
      { error: { message: expect.stringContaining('link') } },
    ]);
    expect((await answer(server, decider, id, { decision: 'approve' })).status).toBe(200);
    const success = (await end()).find(({ type }) => type === 'tool_call.success');
    expect(success).toMatchObject({ arguments: { text: join(docs, 'a.txt') } });
    expect(textOf(server.engine.requests.at(-1)?.messages)).not.toContain('A person has changed');
  });

  it('is refused for one reason, whatever lies outside, wherever it is asked about', async () => {
    const docs = makeDocs();
    const server = await newServer();
    const token = await server.issue(within(docs));
    const paths = ['out/key', 'out/nothing', 'out/key/x', 'dangling', 'hard', 'OUT/key', 'a.txt/x', '../secret/key'];
    const asked = [...paths.map((path) => `${docs}/${path}`), '/etc/passwd', '/etc/passwd/x', '/etc/nothing', 'a', ''];
    const answers = new Set<string>();
    for (const text of asked) {
      answers.add(String((await can(server, token, 'echo', { text })).reason));
      answers.add(
        textOf((await call(server, token, 'echo', { text }, ERA)).result).replace(/^.*grant #2 \(token test\): /, ''),
      );
    }
    expect([...answers].map((text) => text.replace(/".*/, '').trim())).toEqual(
      Array(2).fill('mcp/a.echo: argument text is not a path inside the allowed folder, written in full'),
    );
  });

  it('tells the holder of a token nothing of the folders that its grant does not name', async () => {
    const docs = makeDocs();
    const server = await newServer();
    const token = await server.issue(grantOf({ echo: {} }));
    const body = { grant: within('/') };
    const derived = (await server.auth.exchange(body, await server.auth.verify(token))).token;
    for (const text of [join(docs, 'a.txt'), join(docs, 'gone'), '/etc/passwd', '/etc/nothing/x']) {
      expect(await can(server, derived, 'echo', { text })).toMatchObject({ allowed: false, grant: 3 });
    }
    const own = await server.auth.exchange(
      { grant: within(docs) },
      await server.auth.verify(await server.issue(within('/'))),
    );
    expect(await can(server, own.token, 'echo', { text: join(docs, 'a.txt') })).toMatchObject({ allowed: true });
  });
});

describe('the names of arguments', () => {
  const rules = { big: { arguments: { note: {} } }, echo: { arguments: { text: {} } } };

  it('may be those of the grant and of the definition, for a call and for the dry run', async () => {
    const server = await newServer();
    const token = await server.issue(grantOf(rules));
    const cases: readonly (readonly [string, object, boolean])[] = [
      ['big', { note: 1, bytes: 3 }, true],
      ['big', { note: 1, bytes: 3, more: 1 }, false],
      ['big', { note: 1, bytes: 3, Note: 2 }, false],
      ['echo', { text: 'a' }, true],
      ['echo', { text: 'a', TEXT: 'b' }, false],
      ['echo', { text: 'a', more: 1 }, false],
    ];
    for (const [name, args, allowed] of cases) {
      expect(await can(server, token, name, args)).toMatchObject({ allowed });
      expect((await call(server, token, name, { ...args }, ERA)).result).toMatchObject({ isError: !allowed });
    }
  });

  it('may be any where the grant says so', async () => {
    const server = await newServer();
    const token = await server.issue(grantOf({ echo: { arguments: { text: {} }, additionalArguments: true } }));
    expect(await can(server, token, 'echo', { text: 'a', more: 1 })).toMatchObject({ allowed: true });
    expect((await call(server, token, 'echo', { text: 'a', more: 1 }, ERA)).result).toMatchObject({ isError: false });
    expect(await can(server, token, 'echo', { text: 'a', Text: 'b' })).toMatchObject({ allowed: false });
  });

  it('of a server that does not start, or is not the caller\u2019s, are none', async () => {
    const server = await newServer();
    const grant = { ...grantOf(rules), mcp: { 'mcp/dead': { tools: rules }, 'mcp/a': { tools: { calls: {} } } } };
    const token = await server.issue(grant);
    const body = { action: 'chat', tool: { server: 'mcp/dead', name: 'big', arguments: { note: 1, bytes: 3 } } };
    const dead = (await send(server.app, { method: 'POST', path: '/api/v1/can', token, body })).json();
    expect(dead).toMatchObject({ allowed: false, rule: 'arguments' });
    expect(await can(server, token, 'big', { note: 1, bytes: 3 })).toMatchObject({ allowed: false, rule: 'mcp' });
  });

  it('are known to the person who decides about the call', async () => {
    const rule = { approval: 'ask' as const, arguments: { note: {} } };
    const turns = [callsTool('big', { note: 1, bytes: 3 }), says('Done')];
    const { server, id, end } = await waits({ turns }, { grant: grantOf({ big: rule }) });
    const decider = { ...DECIDER, mcp: { 'mcp/a': { tools: { big: { arguments: { note: {} } } } } } };
    expect((await answer(server, await server.issue(decider), id, { decision: 'approve' })).status).toBe(200);
    expect((await end()).map(({ type }) => type)).toContain('tool_call.success');
  });
});
