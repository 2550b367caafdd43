import { describe, expect, it } from 'vitest';
import { createLastUsed } from '../../src/verification/last-used.ts';

describe('the times of last use', () => {
  it('are written early when there are too many to keep', async () => {
    const batches: ReadonlyMap<string, string>[] = [];
    const store = { touch: async (batch: ReadonlyMap<string, string>) => void batches.push(batch) };
    const lastUsed = createLastUsed(store, 0, 2);
    lastUsed.note('a', 1);
    lastUsed.note('b', 2);
    lastUsed.note('c', 3);
    await lastUsed.flush();
    expect(batches.flatMap((batch) => [...batch])).toEqual([
      ['a', '1970-01-01T00:00:00.001Z'],
      ['b', '1970-01-01T00:00:00.002Z'],
      ['c', '1970-01-01T00:00:00.003Z'],
    ]);
  });

  it('cause no write when there are none', async () => {
    const store = { touch: () => Promise.reject(new Error('nothing to write')) };
    await createLastUsed(store, 0).flush();
  });
});
