import type { Grant } from '@latchkey/auth-core/llm';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import type { Json } from '../support/json.ts';
import { RECORDED_REQUESTS, type RecordedRequest } from '../support/recorded-requests.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const GRANT: Grant = { actions: ['chat', 'models:read'], models: ['latchkey/*'] };

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startServer();
  ({ token } = await createToken(server, 'recorded', GRANT));
});
afterAll(() => server[Symbol.asyncDispose]());

/** What Zed's types take; a chunk that they do not take ends its answer with an error. */
const zedChunk = z.object({
  created: z.int().min(0).max(0xffff_ffff),
  model: z.string(),
  object: z.string(),
  choices: z.array(
    z.object({
      index: z.int().min(0),
      delta: z.object({
        role: z.enum(['user', 'assistant', 'system', 'tool']).nullish(),
        content: z.string().nullish(),
        reasoning_content: z.string().nullish(),
      }),
      finish_reason: z.string().nullish(),
    }),
  ),
  usage: z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() }).nullish(),
});
const zedModels = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      object: z.string(),
      type: z.enum(['llm', 'embeddings', 'vlm']),
      publisher: z.string(),
      arch: z.string().nullish(),
      compatibility_type: z.enum(['gguf', 'mlx']),
      quantization: z.string().nullish(),
      state: z.enum(['loaded', 'loading', 'not-loaded']),
      max_context_length: z.int().nullish(),
      loaded_context_length: z.int().nullish(),
      capabilities: z.array(z.string()).default([]),
    }),
  ),
});

async function replay({ path, headers = {}, body }: RecordedRequest): Promise<string> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers, authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}

/** Each line of a stream that has data, as the client reads it. */
const dataOf = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [line.slice(6)] : []));

const READERS: Readonly<Record<RecordedRequest['reads'], (text: string, request: RecordedRequest) => void>> = {
  chunks: (text, { body }) => {
    const data = dataOf(text);
    expect(data.at(-1)).toBe('[DONE]');
    const chunks = data.slice(0, -1).map((one) => zedChunk.parse(JSON.parse(one)));
    const said = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(said).not.toBe('');
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toHaveLength(1);
    if (body.stream_options !== undefined) expect(chunks.at(-1)?.usage?.completion_tokens).toBeGreaterThan(0);
  },
  texts: (text) => {
    const data = dataOf(text);
    expect(data.at(-1)).toBe('[DONE]');
    const said = data.slice(0, -1).map((one) => JSON.parse(one).choices[0]?.text ?? '');
    expect(said.join('')).not.toBe('');
  },
  lines: (text) => {
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const { message, model } of lines) expect([model, message.role]).toEqual([NANO, 'assistant']);
    expect(lines.map(({ message }) => message.content).join('')).not.toBe('');
    expect(lines.filter(({ done }) => done)).toHaveLength(1);
    expect(lines.at(-1)).toMatchObject({ done: true, done_reason: expect.any(String), eval_count: expect.any(Number) });
  },
  completion: (text) => {
    expect(JSON.parse(text)).toMatchObject({
      choices: [{ message: { role: 'assistant', content: expect.any(String) } }],
      usage: { total_tokens: expect.any(Number) },
    });
  },
};

describe('requests that were recorded of published sources', () => {
  for (const request of RECORDED_REQUESTS) {
    verifies(
      'recorded.answered',
      async () => READERS[request.reads](await replay(request), request),
      `${request.client} (${request.source})`,
    );
  }

  verifies('recorded.models', async () => {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const read = async (path: string): Promise<Json> =>
      (await fetch(`${server.url}${path}`, { headers })).json() as Json;
    const models = await read('/api/v0/models');
    expect(zedModels.parse(models).data.map(({ id }) => id)).toEqual([NANO]);
    const { models: tags } = await read('/api/tags');
    expect(tags).toMatchObject([{ name: NANO }]);
    const { data } = await read('/v1/models');
    expect(data).toMatchObject([{ id: NANO, object: 'model' }]);
  });
});
