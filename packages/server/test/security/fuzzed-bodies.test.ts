import { says } from '@latchkey/engine/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Route } from '../../src/http/route.ts';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';

/** Every field that some route knows, so that the fuzzer gets past the first check. */
const FIELDS = [
  ...['name', 'kind', 'grant', 'owner', 'project', 'expiresAt', 'notes', 'rotateAfter', 'secret', 'force', 'overlap'],
  ...['action', 'model', 'tool', 'ephemeral', 'address', 'now', 'refresh', 'compromised', 'tokenKinds', 'allowMcpJson'],
  ...['input', 'system_prompt', 'stream', 'integrations', 'temperature', 'top_p', 'max_output_tokens', 'store'],
  ...['previous_response_id', 'context_length', 'reasoning', 'messages', 'tools', 'tool_choice', 'response_format'],
  ...['stop', 'n', 'seed', 'max_tokens', 'logit_bias', 'stream_options', 'requireAuthentication', 'accessTokenTtl'],
];
const value = fc.oneof(
  { weight: 3, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
  fc.constantFrom<unknown>(
    'ibm/granite',
    'custom',
    'chat',
    '1h',
    'until-first-use',
    true,
    -1,
    1e308,
    2 ** 53,
    '',
    null,
  ),
  fc.constantFrom<unknown>({ actions: ['chat'] }, { '*': { tools: { '*': {} } } }, [{ role: 'user', content: 'Hi' }]),
  fc.constantFrom<unknown>('9999-12-31T23:59:60Z', '+275760-09-13T00:00:00.001Z', '\u0000', '\ud800', '🔑'.repeat(300)),
  fc.integer({ min: 1, max: 400 }).map((depth) => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown),
);
const document = fc.dictionary(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...FIELDS) }, fc.string()), value, {
  maxKeys: 6,
});
const body = fc.oneof(
  { weight: 6, arbitrary: document.map((fields) => JSON.stringify(fields)) },
  { weight: 2, arbitrary: fc.json() },
  fc.string({ unit: 'binary' }),
  fc.constantFrom('{"__proto__": {"admin": true}}', '{"a":1,"a":2}', '1e999999', '[[[[', '"\\ud800"'),
);
const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/json; charset=utf-32',
    'multipart/form-data',
    ';',
  ),
);

const takesBody = ({ method }: Route) => method === 'POST' || method === 'PATCH';

describe('whatever is sent to a route (parameters that nobody checks)', () => {
  it('is answered, never with a failure of the server, and shortly', async () => {
    const server = await newServer({ turns: Array.from({ length: 20_000 }, () => says('Hi')) });
    const routes = server.routes.filter(takesBody);
    let token = await server.issue({ actions: ['*'], models: ['*'] });
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), body, contentType, async ({ method, path }, text, type) => {
        const answer = await send(server.app, {
          method,
          path: path.replace(':id', 'AAAAAAAA'),
          token,
          headers: { 'content-type': type },
          body: text,
        });
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        expect(answer.status, `${method} ${path} ${text}: ${answer.text}`).toBeLessThan(500);
        expect(answer.text.length).toBeLessThan(64_000);
        if (path.endsWith('/revoke-self') || path.endsWith('/settings')) token = await restore();
      }),
      { numRuns: 4000 },
    );
    expect(statuses.get(400)).toBeGreaterThan(500);
    expect(server.log.filter((line) => line.includes('"level":50'))).toEqual([]);

    /** Whatever the fuzzer has switched off or ended is as it was. */
    async function restore(): Promise<string> {
      const next = await server.issue({ actions: ['*'], models: ['*'] });
      const settings = { requireAuthentication: true, tokenKinds: { 'api-key': true } };
      await send(server.app, { method: 'PATCH', path: '/api/v1/settings', token: next, body: settings });
      return next;
    }
  }, 60_000);

  it('is read up to the limit of its route and no further', async () => {
    const server = await newServer({ chatBodyBytes: 100_000 });
    const token = await server.issue({ actions: ['*'], models: ['*'] });
    for (const { method, path, body } of server.routes) {
      if (body === undefined) continue;
      const form = body.type === 'form' ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
      for (const headers of [form, { ...form, 'transfer-encoding': 'chunked' }]) {
        const text = 'x'.repeat(body.bytes + 1);
        const call = { method, path: path.replace(':id', 'a'), token: token, headers, body: text };
        expect((await send(server.app, call)).status, `${method} ${path}`).toBe(413);
      }
    }
  });

  it('is refused for its structure before anything looks at it, on every route that takes JSON', async () => {
    const server = await newServer({ chatBodyBytes: 1_000_000 });
    const token = await server.issue({ actions: ['*'], models: ['*'] });
    const texts = [
      [`{"a":${'['.repeat(101)}${']'.repeat(101)}}`, 'is nested more than 100 levels deep'],
      [`[${'0,'.repeat(100_000)}0]`, 'values'],
    ] as const;
    for (const { method, path, body } of server.routes) {
      if (body === undefined || body.type === 'form') continue;
      for (const [text, problem] of texts) {
        if (text.length > body.bytes) continue;
        const call = { method, path: path.replace(':id', 'a'), token, body: text };
        const answer = await send(server.app, { ...call, headers: { 'content-type': 'application/json' } });
        expect(answer.status, `${method} ${path}`).toBe(400);
        expect(answer.text, `${method} ${path}`).toContain(problem);
      }
    }
  });

  it('is read from headers of a reasonable size only', async () => {
    const { app } = await newServer();
    for (const name of ['authorization', 'x-api-key', 'latchkey-project', 'x-forwarded-for', 'cookie']) {
      const statuses = [9000, 12_000].map(async (length) => {
        const { status } = await send(app, {
          path: '/api/v1/models',
          headers: { [name]: `Bearer ${'A'.repeat(length)}` },
        });
        return status;
      });
      for (const status of await Promise.all(statuses)) expect([400, 401, 431], name).toContain(status);
    }
  });
});
