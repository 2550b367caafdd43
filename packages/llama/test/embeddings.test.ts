import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Embedder, Embeddings, LoadedModel, Model } from '@latchkey/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINY_EMBEDDING, writeTinyEmbedding } from '../../../tooling/models/tiny-embedding.ts';
import { asking, collect, NEVER, newEngine } from './nano.ts';

const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
mkdirSync(join(folder, 'latchkey'));
writeFileSync(join(folder, 'latchkey', 'tiny.gguf'), writeTinyEmbedding());
const engine = newEngine({ folder });
let listed: readonly Model[];
let model: LoadedModel;
let embedder: Embedder;
beforeAll(async () => {
  [listed] = await Promise.all(engine.sources.map((source) => source.list())).then((lists) => [lists.flat()]);
  model = await load(2);
  if (model.embedder === undefined) throw new Error('the model makes no embeddings');
  embedder = model.embedder;
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const load = async (parallel: number): Promise<LoadedModel> => {
  const [tiny] = listed;
  if (tiny === undefined) throw new Error('the model is not listed');
  return engine.open(tiny, { contextLength: 4096, parallel }, NEVER);
};

const share = { key: 'test', weight: 1 };
const embed = (inputs: readonly (string | readonly number[])[], signal = NEVER): Promise<Embeddings> =>
  embedder.embed({ inputs, tooLong: 'refuse', share }, signal);
const nearness = (one?: Float32Array, other?: Float32Array): number =>
  Array.from(one ?? []).reduce((sum, value, index) => sum + value * (other?.[index] ?? 0), 0);
/** A token for each word, and the two that surround a text. */
const words = (count: number): string => Array.from({ length: count }, () => 'cat').join(' ');

describe('a model that makes embeddings', () => {
  it('is listed as one, and takes inputs as long as it was made for', () => {
    expect(listed[0]?.description).toMatchObject({ type: 'embedding', architecture: 'bert', maxContextLength: 128 });
    expect(model).toMatchObject({ contextLength: 128, capabilities: { embeddings: true } });
  });

  it('puts texts with the same words nearer to each other than others', async () => {
    const { vectors } = await embed(['the cat sits', 'where sits the cat', 'rain in Paris']);
    expect(vectors.map(({ length }) => length)).toEqual([32, 32, 32]);
    expect(nearness(vectors[0], vectors[1])).toBeGreaterThan(nearness(vectors[0], vectors[2]) + 0.2);
  });

  it('gives a text the same vector in any company, and keeps the order of many', async () => {
    const texts = Array.from({ length: 40 }, (_, index) => `cat ${index}`);
    const together = await embed(texts);
    expect(together.vectors).toHaveLength(40);
    for (const index of [0, 17, 39]) {
      const { vectors } = await embed([texts[index] ?? '']);
      expect(nearness(vectors[0], together.vectors[index])).toBeCloseTo(1, 5);
    }
  });

  it('counts the tokens of all inputs, with those that surround them', async () => {
    const inputs = ['cat', 'the cat sits'];
    expect((await embed(inputs)).promptTokens).toBe(3 + 5);
    expect(await embedder.count({ inputs, tooLong: 'refuse', share }, NEVER)).toBe(3 + 5);
  });

  it('takes tokens, and refuses those that it does not have', async () => {
    const { vectors, promptTokens } = await embed([[10, 11], 'cat']);
    expect([vectors.length, promptTokens]).toEqual([2, 4 + 3]);
    for (const token of [-1, 1_000_000, 1.5]) {
      await expect(embed([[10, token]])).rejects.toMatchObject({ code: 'INVALID_REQUEST', field: 'inputs' });
    }
  });

  it('reads text as text: the names of its own tokens are no tokens', async () => {
    expect((await embed(['[SEP]'])).promptTokens).toBeGreaterThan(4);
  });

  it('takes a text without words', async () => {
    const { vectors } = await embed(['   ']);
    expect(nearness(vectors[0], vectors[0])).toBeCloseTo(1, 5);
  });

  it('takes an input that just fits, and refuses one more token before any other input is read', async () => {
    const most = TINY_EMBEDDING.contextLength - 2;
    expect((await embed([words(most)])).promptTokens).toBe(128);
    await expect(embed(['cat', words(most + 1)])).rejects.toMatchObject({ code: 'CONTEXT_EXCEEDED', field: 'inputs' });
    await expect(embed(['x'.repeat(1_000_000)])).rejects.toMatchObject({ code: 'CONTEXT_EXCEEDED' });
  });

  it('cuts an input where that is asked for', async () => {
    const inputs = [`${words(126)} dog`, words(126)];
    const { vectors, promptTokens } = await embedder.embed({ inputs, tooLong: 'cut', share }, NEVER);
    expect(promptTokens).toBe(256);
    expect(nearness(vectors[0], vectors[1])).toBeCloseTo(1, 5);
  });

  it('ends early when its caller leaves, with what it has read so far', async () => {
    const leaving = new AbortController();
    const running = embed(
      Array.from({ length: 2000 }, () => words(126)),
      leaving.signal,
    );
    await embed(['cat']);
    leaving.abort();
    const { vectors, promptTokens } = await running;
    expect(vectors.length).toBeLessThan(2000);
    expect(promptTokens).toBe(vectors.length * 128);
  });

  it('refuses a request beyond those that it runs at once', async () => {
    const leaving = new AbortController();
    const busy = [0, 1].map(() =>
      embed(
        Array.from({ length: 2000 }, () => 'cat'),
        leaving.signal,
      ),
    );
    await expect(embed(['cat'])).rejects.toMatchObject({ code: 'OVERLOADED' });
    leaving.abort();
    await Promise.all(busy);
  });

  it('refuses to chat', async () => {
    await expect(collect(model.generate(asking('Hello'), NEVER))).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    await expect(model.countPrompt(asking('Hello'), NEVER)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('fails what runs on it when it is unloaded', async () => {
    const other = await load(1);
    const inputs = Array.from({ length: 2000 }, () => words(126));
    const running = other.embedder?.embed({ inputs, tooLong: 'refuse', share }, NEVER);
    const failed = expect(running).rejects.toMatchObject({ code: 'MODEL_UNLOADED' });
    await other[Symbol.asyncDispose]();
    await failed;
  });
});
