import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '@latchkey/engine';
import { afterAll, describe, expect, it } from 'vitest';
import { freeMemory } from '../src/free-memory.ts';
import { asking, collect, finishOf, loadNano, modelAt, NANO, NEVER, newEngine } from './nano.ts';
import { temporaryFolder } from './temporary-folder.ts';

const engine = newEngine();
afterAll(() => engine[Symbol.asyncDispose]());

describe('a model that is loaded with settings', () => {
  it('answers with flash attention, cached numbers of another format and small steps', async () => {
    const settings = { flashAttention: true, keyCache: 'q8_0', valueCache: 'q8_0', batchSize: 64 } as const;
    await using model = await loadNano(engine, { settings });
    const events = await collect(model.generate(asking('Hello', { maxOutputTokens: 4 }), NEVER));
    expect(finishOf(events).usage.outputTokens).toBeGreaterThan(0);
  });

  it.each([
    [{ experts: 2 }, '2 experts were asked for; the model has no experts.'],
    [
      { valueCache: 'q8_0', flashAttention: false } as const,
      'A cache of values in q8_0 needs flash attention, which was switched off.',
    ],
  ])('is refused by the name of one that it does not have: %o', async (settings, message) => {
    await expect(loadNano(engine, { settings })).rejects.toMatchObject({ code: 'INVALID_REQUEST', message });
  });
});

describe('a model that needs more memory than is free', () => {
  const options = { contextLength: 2048, parallel: 1_000_000 };
  const open = (which = engine) => which.open(modelAt(NANO), options, NEVER);

  it('is refused in words before anything of it is loaded', async () => {
    const failure = await open().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(EngineError);
    expect(failure).toMatchObject({
      code: 'INSUFFICIENT_MEMORY',
      message: expect.stringMatching(
        /^The model needs about \d+\.\d GB of memory \(0\.00 GB for its weights, \d+\.\d GB for 1000000 × 2048 tokens of context\), and \d+\.\d GB are free\. Unload other models/,
      ),
    });
  });
});

describe('the memory that is free', () => {
  const GB = 1e9;

  function groups(files: Readonly<Record<string, string>>) {
    const folder = temporaryFolder();
    for (const [name, text] of Object.entries({ own: '0::/system/latchkey', ...files })) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return freeMemory(folder, join(folder, 'own'), 8 * GB);
  }
  const group = (path: string, max: string, used: number, cached = 0) => ({
    [`${path}/memory.max`]: `${max}\n`,
    [`${path}/memory.current`]: `${used}\n`,
    [`${path}/memory.stat`]: `anon 1\ninactive_file ${cached}\nactive_file ${cached}\n`,
  });

  it('is what the system has, without limits', () => {
    expect(groups({})).toBe(8 * GB);
    expect(groups(group('system/latchkey', 'max', 3 * GB))).toBe(8 * GB);
  });

  it('is what a limit of the group or of one above it leaves, and cached files count as free', () => {
    expect(groups(group('system/latchkey', `${4 * GB}`, 3 * GB))).toBe(GB);
    expect(groups(group('system/latchkey', `${4 * GB}`, 3 * GB, GB))).toBe(3 * GB);
    expect(groups({ ...group('system/latchkey', 'max', GB), ...group('system', `${2 * GB}`, GB) })).toBe(GB);
    expect(groups(group('system/latchkey', `${GB}`, 2 * GB))).toBe(0);
  });
});
