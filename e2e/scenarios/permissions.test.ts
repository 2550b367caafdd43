import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Json } from '../support/json.ts';
import { recording } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { CHAT_GRANT, createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

/** One question in the words of each API. */
interface Dialect {
  readonly name: string;
  readonly path: string;
  readonly ask: (text: string) => Record<string, unknown>;
  /** Where the code of an error is in its body. */
  readonly errorOf: (body: Json) => Json;
}

const said = (content: string) => ({ messages: [{ role: 'user', content }] });
const nested = (body: Json): Json => body.error;
const flat = (body: Json): Json => body;
const DIALECTS: readonly Dialect[] = [
  { name: 'LM Studio', path: '/api/v1/chat', ask: (input) => ({ input }), errorOf: nested },
  { name: 'OpenAI', path: '/v1/chat/completions', ask: said, errorOf: nested },
  { name: 'LM Studio v0', path: '/api/v0/chat/completions', ask: said, errorOf: nested },
  { name: 'OpenAI responses', path: '/v1/responses', ask: (input) => ({ input }), errorOf: nested },
  {
    name: 'Anthropic',
    path: '/v1/messages',
    ask: (text) => ({ max_tokens: 1000, ...said(text) }),
    errorOf: nested,
  },
  { name: 'Ollama', path: '/api/chat', ask: (text) => ({ stream: false, ...said(text) }), errorOf: flat },
  {
    name: 'Ollama completions',
    path: '/api/generate',
    ask: (prompt) => ({ stream: false, prompt }),
    errorOf: flat,
  },
];

let folder: TemporaryFolder;
let server: TestServer;
/** Its model talks until its context is full. */
let talkative: TestServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({ mcpServers: { notes: recording(join(folder.path, 'calls')) } });
  talkative = await startServer({ config: { sampling: { '*': { temperature: 0, repeatPenalty: 0.2 } } } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await talkative[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** The calls that have reached the MCP server. */
const callsThatArrived = (): readonly Json[] => {
  const file = join(folder.path, 'calls');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

const ECHO = { arguments: { message: { pattern: '^red' } } };
const notes = { integrations: ['mcp/notes'] };

describe.each(DIALECTS)('permissions in the API of $name', ({ name, path, ask, errorOf }) => {
  const send = async (holder: HeldToken, text: string, more: Record<string, unknown> = {}) => {
    const { status, body } = await holder.post(path, { model: NANO, ...ask(text), ...more });
    return { status, error: status === 200 ? undefined : errorOf(body) };
  };

  const stream = async (url: string, holder: HeldToken, text: string, more: Record<string, unknown> = {}) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${holder.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: NANO, ...ask(text), ...more, stream: true }),
    });
    if (response.body === null) throw new Error('The answer has no body.');
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    const read = async (until?: string): Promise<string> => {
      while (until === undefined || !seen.includes(until)) {
        const { done, value } = await reader.read();
        if (done) break;
        seen += value;
      }
      return seen;
    };
    return { status: response.status, read };
  };

  verifies(
    'permissions.model',
    async () => {
      const holder = await createToken(server, 'other model', { actions: ['chat'], models: ['other/*'] });
      expect(await send(holder, 'Hello')).toMatchObject({
        status: 403,
        error: { code: 'permission_denied', param: 'model', details: { rule: 'models' } },
      });
      const idle = await createToken(server, 'no chat', { actions: ['models:read'], models: ['*'] });
      expect(await send(idle, 'Hello')).toMatchObject({ status: 403, error: { code: 'permission_denied' } });
    },
    name,
  );

  verifies(
    'permissions.tool',
    async () => {
      const guest = await createToken(server, 'guest', CHAT_GRANT);
      expect(await send(guest, 'Echo red fox', notes)).toMatchObject({
        status: 403,
        error: { code: 'permission_denied', param: 'integrations' },
      });
      const before = callsThatArrived().length;
      const reader = await createToken(server, 'reader', withTools({ 'mcp/notes': { echo: ECHO } }));
      expect(await send(reader, 'Echo red fox', notes)).toMatchObject({ status: 200 });
      expect(callsThatArrived().slice(before)).toEqual([{ tool: 'echo', args: { message: 'red fox' } }]);
    },
    name,
  );

  verifies(
    'permissions.argument',
    async () => {
      const before = callsThatArrived().length;
      const reader = await createToken(server, 'reader', withTools({ 'mcp/notes': { echo: ECHO } }));
      expect(await send(reader, 'Echo blue fox', notes)).toMatchObject({ status: 200 });
      expect(callsThatArrived()).toHaveLength(before);
    },
    name,
  );

  verifies(
    'permissions.budget',
    async () => {
      const poor = await createToken(server, 'poor', { ...CHAT_GRANT, limits: { tokensPerDay: 1 } });
      expect(await send(poor, 'Hello')).toMatchObject({
        status: 429,
        error: { code: 'tokens_per_day_exceeded' },
      });
    },
    name,
  );

  verifies(
    'permissions.revoked',
    async () => {
      const holder = await createToken(talkative, 'talker', CHAT_GRANT);
      const running = await stream(talkative.url, holder, 'Repeat: red fox');
      expect(running.status).toBe(200);
      await running.read('red');
      expect((await talkative.admin.post(`/api/v1/tokens/${holder.id}/revoke`, {})).status).toBe(200);
      expect(await running.read()).toContain('token_revoked');
    },
    name,
  );

  verifies(
    'permissions.approval',
    async () => {
      const ask = { 'mcp/notes': { echo: { ...ECHO, approval: 'ask' } } };
      const agent = await createToken(server, 'agent', withTools(ask));
      const before = callsThatArrived().length;
      const running = await stream(server.url, agent, 'Echo red fox', notes);
      const waiting = async (): Promise<readonly Json[]> =>
        (await server.admin.get('/api/v1/approvals')).body.approvals.filter(({ token }: Json) => token.id === agent.id);
      await expect.poll(waiting).toHaveLength(1);
      const [approval] = await waiting();
      expect(callsThatArrived()).toHaveLength(before);
      const answer = await server.admin.post(`/api/v1/approvals/${approval?.id}`, { decision: 'approve' });
      expect(answer.status).toBe(200);
      await running.read();
      expect(callsThatArrived().slice(before)).toEqual([{ tool: 'echo', args: { message: 'red fox' } }]);
    },
    name,
  );
});
