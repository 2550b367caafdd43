import type { Grant } from '@latchkey/auth-core/llm';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { makeModelsFolder, TINY_EMBEDDING } from '../support/embedding-models.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let folder: TemporaryFolder;
let server: TestServer;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({ config: { models: makeModelsFolder(folder.path) } });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function clientWith(grant: Grant): Promise<OpenAI> {
  const { token } = await createToken(server, 'openai', { models: ['latchkey/*'], ...grant });
  return new OpenAI({ baseURL: `${server.url}/v1`, apiKey: token, maxRetries: 0 });
}

const nearness = (one: readonly number[] = [], other: readonly number[] = []): number =>
  one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);

describe('embeddings', () => {
  verifies('openai.embeddings', async () => {
    const client = await clientWith({ actions: ['embeddings'] });
    const input = ['the cat sits', 'where sits the cat', 'rain in Paris'];
    // The client asks for base64 and reads it, unless a format is named.
    const { data, usage } = await client.embeddings.create({ model: TINY_EMBEDDING, input });
    const [cat, where, rain] = data.map(({ embedding }) => embedding);
    expect(Math.hypot(...(cat ?? []))).toBeCloseTo(1, 5);
    expect(nearness(cat, where)).toBeGreaterThan(nearness(cat, rain) + 0.2);
    expect(usage.prompt_tokens).toBe(5 + 6 + 5);
    const floats = await client.embeddings.create({ model: TINY_EMBEDDING, input, encoding_format: 'float' });
    expect(floats.data[0]?.embedding).toEqual(cat);
    const short = await client.embeddings.create({ model: TINY_EMBEDDING, input: 'rain', dimensions: 8 });
    expect(short.data[0]?.embedding).toHaveLength(8);
  });

  verifies('openai.embeddings-permissions', async () => {
    const chatting = await clientWith({ actions: ['chat'] });
    const request = { model: TINY_EMBEDDING, input: 'rain' };
    await expect(chatting.embeddings.create(request)).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    const other = await clientWith({ actions: ['embeddings'], models: [NANO] });
    await expect(other.embeddings.create(request)).rejects.toMatchObject({ status: 403, param: 'model' });
    const poor = await clientWith({ actions: ['embeddings'], limits: { tokensPerDay: 4 } });
    expect((await poor.embeddings.create(request)).usage.total_tokens).toBeLessThanOrEqual(4);
    await expect(poor.embeddings.create(request)).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    const able = await clientWith({ actions: ['embeddings', 'chat'] });
    await expect(able.embeddings.create({ ...request, model: NANO })).rejects.toMatchObject({ status: 400 });
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    await expect(able.chat.completions.create({ model: TINY_EMBEDDING, messages })).rejects.toMatchObject({
      status: 400,
    });
  });
});

describe('completions', () => {
  const prompt = '<|im_start|>user\nRepeat: red fox<|im_end|>\n<|im_start|>assistant\n';

  verifies('openai.completions', async () => {
    const client = await clientWith({ actions: ['chat'] });
    const completion = await client.completions.create({ model: NANO, prompt, echo: true });
    expect(completion.choices).toMatchObject([{ text: `${prompt}red fox`, finish_reason: 'stop' }]);
    const several = await client.completions.create({
      model: NANO,
      prompt: [prompt, `${prompt}red`],
      stop: ' fox',
      n: 2,
    });
    expect(several.choices.map(({ text }) => text)).toEqual(['red', 'red', '', '']);
    const stream = await client.completions.create({ model: NANO, prompt, stream: true, max_tokens: 50 });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.text ?? '';
    expect(text).toBe('red fox');
    await expect(client.completions.create({ model: NANO, prompt, suffix: 'end' })).rejects.toMatchObject({
      status: 400,
      param: 'suffix',
    });
    const other = await clientWith({ actions: ['chat'], models: ['other/*'] });
    await expect(other.completions.create({ model: NANO, prompt })).rejects.toBeInstanceOf(
      OpenAI.PermissionDeniedError,
    );
  });
});
