import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Answer } from '../support/api.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const bodyBytes = 64 * 1024;
let server: TestServer;
beforeAll(async () => {
  server = await startServer({ config: { limits: { bodyBytes } } });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Refused with a status and a code, and about a parameter where there is one; the server goes on. */
async function expectRefusal(answer: Answer, status: number, code: string, param?: string): Promise<void> {
  expect(answer).toMatchObject({ status, body: { error: { code, message: expect.any(String) } } });
  expect(answer.body.error.param ?? undefined).toBe(param);
  expect((await server.admin.get('/health')).body).toEqual({ status: 'ok' });
}

const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const chat = (more: object): object => ({ model: NANO, input: 'Hello', ...more });
const completion = (more: object): object => ({ model: NANO, messages: [{ role: 'user', content: 'Hello' }], ...more });
const token = (more: object): object => ({ name: 'x', grant: CHAT_GRANT, ...more });

const CHAT = '/api/v1/chat';
const COMPLETIONS = '/v1/chat/completions';
const TOKENS = '/api/v1/tokens';

type Row = readonly [what: string, path: string, body: unknown, code: string, param?: string];
const rows: readonly Row[] = [
  ['no JSON', CHAT, '{"model":', 'invalid_value', 'body'],
  ['nothing', CHAT, '', 'invalid_value', 'body'],
  ['a list', CHAT, [], 'invalid_value'],
  ['null', CHAT, null, 'invalid_value'],
  ['lists in lists, deeply', CHAT, nested(20_000), 'invalid_value', `${'[0]'.repeat(8)}…`],
  [
    'lists in lists as a message',
    COMPLETIONS,
    `{"model":"${NANO}","messages":${nested(20_000)}}`,
    'invalid_value',
    `messages${'[0]'.repeat(7)}…`,
  ],
  ['no model', CHAT, { input: 'Hello' }, 'missing_required_parameter', 'model'],
  ['no input', CHAT, { model: NANO }, 'missing_required_parameter', 'input'],
  ['a model that is a number', CHAT, chat({ model: 7 }), 'invalid_value', 'model'],
  ['a model that is not there', CHAT, chat({ model: 'no/such' }), 'model_not_found', 'model'],
  ['a model outside the folder', CHAT, chat({ model: '../../etc/passwd' }), 'model_not_found', 'model'],
  ['an unknown key', CHAT, chat({ tools: [] }), 'unrecognized_keys', 'tools'],
  [
    'a key of the prototype',
    CHAT,
    `{"model":"${NANO}","input":"Hello","__proto__":{"store":false}}`,
    'unrecognized_keys',
    '__proto__',
  ],
  ['a temperature out of range', CHAT, chat({ temperature: 1.5 }), 'invalid_value', 'temperature'],
  ['a temperature that is text', CHAT, chat({ temperature: '0.5' }), 'invalid_value', 'temperature'],
  ['no tokens at all', CHAT, chat({ max_output_tokens: 0 }), 'invalid_value', 'max_output_tokens'],
  ['more context than the model has', CHAT, chat({ context_length: 4096 }), 'invalid_value', 'context_length'],
  ['an empty list of blocks', CHAT, chat({ input: [] }), 'invalid_value', 'input'],
  ['a block of an unknown type', CHAT, chat({ input: [{ type: 'video' }] }), 'invalid_value', 'input[0].type'],
  [
    'an image that is no data URL',
    CHAT,
    chat({ input: [{ type: 'image', data_url: 'https://example.com/a.png' }] }),
    'invalid_value',
    'input[0].data_url',
  ],
  [
    'an image for a blind model',
    CHAT,
    chat({ input: [{ type: 'image', data_url: 'data:image/png;base64,AAAA' }] }),
    'unsupported_value',
    'input',
  ],
  [
    'a plugin without id',
    CHAT,
    chat({ integrations: [{ type: 'plugin' }] }),
    'missing_required_parameter',
    'integrations[0].id',
  ],
  [
    'a response id of another kind',
    CHAT,
    chat({ previous_response_id: 'chatcmpl-1' }),
    'invalid_value',
    'previous_response_id',
  ],
  [
    'a response that is not there',
    CHAT,
    chat({ previous_response_id: 'resp_0' }),
    'previous_response_not_found',
    'previous_response_id',
  ],
  ['more text than the context holds', CHAT, chat({ input: 'fox '.repeat(8000) }), 'context_length_exceeded'],
  ['no messages', COMPLETIONS, completion({ messages: [] }), 'invalid_value', 'messages'],
  [
    'a role that is none',
    COMPLETIONS,
    completion({ messages: [{ role: 'robot', content: '' }] }),
    'invalid_value',
    'messages[0].role',
  ],
  [
    'a choice of no tool',
    COMPLETIONS,
    completion({ tool_choice: { type: 'function', function: { name: 'x' } } }),
    'invalid_value',
    'tool_choice',
  ],
  ['a setting of the wrong type', COMPLETIONS, completion({ temperature: 'hot' }), 'invalid_value', 'temperature'],
  ['a token without grant', TOKENS, { name: 'x' }, 'missing_required_parameter', 'grant'],
  ['a grant of no action', TOKENS, token({ grant: { actions: ['fly'] } }), 'invalid_value', 'grant.actions[0]'],
  [
    'a grant with an unknown key',
    TOKENS,
    token({ grant: { actions: ['chat'], sudo: true } }),
    'invalid_value',
    'grant.sudo',
  ],
  ['an expiry that is no date', TOKENS, token({ expiresAt: 'soon' }), 'invalid_value', 'expiresAt'],
];

describe('a body', () => {
  for (const [what, path, body, code, param] of rows) {
    verifies(
      'bad-input.body',
      async () => {
        const status = code.endsWith('_not_found') ? 404 : 400;
        await expectRefusal(await server.admin.post(path, body), status, code, param);
      },
      what,
    );
  }

  verifies('bad-input.size', async () => {
    const whole = JSON.stringify(chat({ input: 'a'.repeat(bodyBytes) }));
    await expectRefusal(await server.admin.post(CHAT, whole), 413, 'payload_too_large', 'body');
    const chunked = await raw('POST', CHAT, { 'Content-Type': 'application/json' }, [
      whole.slice(0, 10),
      whole.slice(10),
    ]);
    await expectRefusal(chunked, 413, 'payload_too_large', 'body');
  });

  verifies('bad-input.content-type', async () => {
    const body = JSON.stringify(chat({}));
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const answer = await server.admin.request('POST', CHAT, body, { 'Content-Type': type });
      await expectRefusal(answer, 415, 'unsupported_media_type', 'Content-Type');
    }
  });
});

/** A request such as `fetch` would not send; a body is sent in chunks. */
async function raw(
  method: string,
  path: string,
  headers: Record<string, string>,
  chunks: readonly string[] = [],
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const authorization = { Authorization: `Bearer ${server.adminToken}` };
  const outgoing = httpRequest(new URL(server.url), { method, path, headers: { ...authorization, ...headers } });
  outgoing.on('error', reject);
  outgoing.on('response', (incoming) => {
    text(incoming).then((body) => {
      const status = incoming.statusCode ?? 0;
      resolve({ status, headers: new Headers(), body: body === '' ? undefined : JSON.parse(body) });
    }, reject);
  });
  for (const chunk of chunks) outgoing.write(chunk);
  outgoing.end();
  return promise;
}

describe('a request line and its headers', () => {
  verifies('bad-input.path', async () => {
    for (const path of [
      '/nope',
      '/api/v1/nope',
      '/v1/audio/speech',
      '/api/v1/chat/../../etc/passwd',
      '/%00',
      '/%E0%A4%A',
    ]) {
      await expectRefusal(await raw('GET', path, {}), 404, 'not_found');
    }
  });

  verifies('bad-input.method', async () => {
    for (const [method, path] of [
      ['PUT', CHAT],
      ['DELETE', TOKENS],
      ['POST', '/health'],
      ['PROPFIND', CHAT],
    ] as const) {
      const answer = await server.admin.request(method, path);
      await expectRefusal(answer, 405, 'method_not_allowed');
      expect(answer.headers.get('allow')).toMatch(/GET|POST/);
    }
  });

  verifies('bad-input.host', async () => {
    const port = new URL(server.url).port;
    for (const host of ['evil.example.com', `evil.example.com:${port}`, 'localhost.evil.example.com', 'a b']) {
      await expectRefusal(await raw('GET', '/health', { Host: host }), 403, 'origin_denied', 'Host');
    }
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
      expect((await raw('GET', '/health', { Host: host })).status).toBe(200);
    }
  });

  verifies('bad-input.origin', async () => {
    for (const origin of ['https://evil.example.com', 'null', `${server.url}.evil.example.com`]) {
      const answer = await server.admin.request('POST', CHAT, chat({}), { Origin: origin });
      await expectRefusal(answer, 403, 'origin_denied', 'Origin');
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  verifies('bad-input.headers', async () => {
    expect((await raw('GET', '/health', { 'X-Huge': 'a'.repeat(20_000) })).status).toBe(431);
    expect((await server.admin.get('/health')).status).toBe(200);
  });
});
