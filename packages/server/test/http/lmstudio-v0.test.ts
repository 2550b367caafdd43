import type { Grant } from '@latchkey/auth-core/llm';
import { says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { send } from './in-process-client.ts';
import { newServer, type TestServer } from './new-server.ts';

const GRANT: Grant = { actions: ['chat', 'models:read'], models: ['ibm/*'] };
const ADDITION = {
  stats: { tokens_per_second: 4, time_to_first_token: 0.5, generation_time: 0.5, stop_reason: 'eosFound' },
  model_info: { arch: 'llama', quant: 'Q8_0', format: 'gguf', context_length: 1024 },
  runtime: { name: 'latchkey', version: expect.stringMatching(/^\d+\.\d+\.\d+/), supported_formats: ['gguf'] },
};
const post = ({ app }: TestServer, token: string, path: string, body: object) =>
  send(app, { method: 'POST', path, token, body: { model: 'ibm/granite', ...body } });
const chunksOf = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)));
const messages = [{ role: 'user', content: 'Hi' }];

describe("LM Studio's older API", () => {
  it('answers chats as OpenAI does, with figures of the generation and the model', async () => {
    const server = await newServer({ turns: [says('Good day'), says('Good day')] });
    const token = await server.issue(GRANT);
    const whole = await post(server, token, '/api/v0/chat/completions', { messages });
    expect(whole.json()).toMatchObject({ choices: [{ message: { content: 'Good day' } }], ...ADDITION });
    const streamed = await post(server, token, '/api/v0/chat/completions', { messages, stream: true });
    expect(chunksOf(streamed.text).at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }], ...ADDITION });
  });

  it('answers completions so', async () => {
    const server = await newServer({ turns: [says('time'), says('time')] });
    const token = await server.issue(GRANT);
    const whole = await post(server, token, '/api/v0/completions', { prompt: 'Once upon a' });
    expect(whole.json()).toMatchObject({ choices: [{ text: 'time' }], ...ADDITION });
    const streamed = await post(server, token, '/api/v0/completions', { prompt: 'Once upon a', stream: true });
    expect(chunksOf(streamed.text).at(-1)).toMatchObject({ choices: [{ finish_reason: 'stop' }], ...ADDITION });
  });

  it("leaves OpenAI's own answers as they are", async () => {
    const server = await newServer({ turns: [says('Good day'), says('time')] });
    const token = await server.issue(GRANT);
    for (const [path, body] of [
      ['/v1/chat/completions', { messages }],
      ['/v1/completions', { prompt: 'Once' }],
    ] as const) {
      const answer = (await post(server, token, path, body)).json();
      expect(Object.keys(answer).filter((key) => key in ADDITION)).toEqual([]);
    }
  });

  it('lists the models that the token may use, with their state', async () => {
    const server = await newServer({ turns: [says('Hi')] });
    const token = await server.issue(GRANT);
    await post(server, token, '/api/v0/chat/completions', { messages });
    const { data } = (await send(server.app, { path: '/api/v0/models', token })).json() as { data: unknown[] };
    const fields = {
      ...{ object: 'model', type: 'llm', publisher: 'ibm', arch: 'llama', compatibility_type: 'gguf' },
      ...{ quantization: 'Q8_0', max_context_length: 2048, capabilities: ['tool_use'] },
    };
    expect(data).toEqual([
      { id: 'ibm/granite', ...fields, state: 'loaded', loaded_context_length: 1024 },
      { id: 'ibm/other', ...fields, state: 'not-loaded' },
      { id: 'small', ...fields, state: 'loaded', loaded_context_length: 1024 },
    ]);
    for (const id of ['ibm/other', 'ibm%2Fother']) {
      const one = await send(server.app, { path: `/api/v0/models/${id}`, token });
      expect(one.json()).toEqual({ id: 'ibm/other', ...fields, state: 'not-loaded' });
    }
    const narrow = await server.issue({ ...GRANT, models: ['ibm/granite'] });
    const absent = await send(server.app, { path: '/api/v0/models/ibm/other', token: narrow });
    expect([absent.status, absent.json()]).toMatchObject([404, { error: { code: 'model_not_found' } }]);
  });

  it('greets its clients without a token, and says nothing about the server', async () => {
    const { app } = await newServer();
    expect((await send(app, { path: '/lmstudio-greeting' })).json()).toEqual({ lmstudio: true });
    const status = (await send(app, { path: '/lms-status' })).json();
    expect(status).toEqual({ package: 'latchkey', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  });
});
