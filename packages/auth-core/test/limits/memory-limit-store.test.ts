import { expect, it } from 'vitest';
import { createMemoryLimitStore } from '../../src/index.ts';

const HOUR = 3_600_000;

it('forgets windows that ended more than an hour ago', async () => {
  const store = createMemoryLimitStore();
  const old = { kind: 'window', key: 'requests a', windowEnd: 60_000 } as const;
  const recent = { ...old, windowEnd: 120_000 };
  await store.take([{ ...old, amount: 1, limit: 1 }], 0);
  await store.take([{ ...recent, amount: 1, limit: 1 }], 60_000);
  await store.take([{ ...old, windowEnd: 120_000 + HOUR, amount: 1, limit: 1 }], 60_000 + HOUR);
  expect(await store.read([old, recent], 0)).toEqual([0, 1]);
});
