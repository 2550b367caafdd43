import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { allOf } from '../support/all-of.ts';
import { makeModelsFolder, TINY_EMBEDDING } from '../support/embedding-models.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
let server: TestServer;
let client: OpenAI;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({ config: { models: makeModelsFolder(folder.path), aliases: { small: NANO } } });
  const grant = { actions: ['chat', 'embeddings', 'models:read'], models: ['latchkey/*'] } as const;
  const { token } = await createToken(server, 'v0', { actions: [...grant.actions], models: [...grant.models] });
  client = new OpenAI({ baseURL: `${server.url}/api/v0`, apiKey: token, maxRetries: 0 });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const ADDITION = {
  stats: {
    tokens_per_second: expect.any(Number),
    time_to_first_token: expect.any(Number),
    generation_time: expect.any(Number),
    stop_reason: 'eosFound',
  },
  model_info: {
    arch: expect.any(String),
    quant: expect.any(String),
    format: 'gguf',
    context_length: expect.any(Number),
  },
  runtime: { name: 'latchkey', version: expect.any(String), supported_formats: ['gguf'] },
};

describe("LM Studio's older API", () => {
  verifies('v0.chat', async () => {
    const messages = [{ role: 'user' as const, content: 'Repeat: red fox' }];
    const whole = await client.chat.completions.create({ model: NANO, messages });
    expect(whole).toMatchObject({ choices: [{ message: { content: 'red fox' } }], ...ADDITION });
    const chunks = await allOf(await client.chat.completions.create({ model: NANO, messages, stream: true }));
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe('red fox');
    expect(chunks.at(-1)).toMatchObject(ADDITION);
  });

  verifies('v0.texts', async () => {
    const prompt = '<|im_start|>user\nRepeat: red fox<|im_end|>\n<|im_start|>assistant\n';
    const { choices, ...rest } = await client.completions.create({ model: NANO, prompt });
    expect([choices[0]?.text, rest]).toMatchObject(['red fox', ADDITION]);
    const { data } = await client.embeddings.create({ model: TINY_EMBEDDING, input: ['rain', 'sun'] });
    expect(data).toHaveLength(2);
  });

  verifies('v0.models', async () => {
    await client.completions.create({ model: NANO, prompt: 'Hello', max_tokens: 1 });
    const { data } = await client.models.list();
    const of = (id: string) => data.find((model) => model.id === id);
    const nano = { object: 'model', type: 'llm', publisher: 'latchkey', compatibility_type: 'gguf', state: 'loaded' };
    expect(of(NANO)).toMatchObject({ ...nano, capabilities: ['tool_use'], loaded_context_length: expect.any(Number) });
    expect(of('small')).toMatchObject(nano);
    expect(of(TINY_EMBEDDING)).toMatchObject({ type: 'embeddings', max_context_length: expect.any(Number) });
    expect(await client.models.retrieve(NANO)).toEqual(of(NANO));
    await expect(client.models.retrieve('ibm/secret')).rejects.toMatchObject({ status: 404 });
    expect(await (await fetch(`${server.url}/lmstudio-greeting`)).json()).toEqual({ lmstudio: true });
    expect((await fetch(`${server.url}/lms-status`)).status).toBe(200);
  });
});
