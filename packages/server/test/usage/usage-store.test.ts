import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { UsageRecord } from '../../src/contracts/usage-record.ts';
import type { DailyUsage, UsageGroup } from '../../src/usage/kysely-usage-store.ts';
import { readUsage } from '../../src/usage/read-usage.ts';
import { addCounts, NOTHING_USED } from '../../src/usage/usage-counts.ts';
import { openUsage } from '../scripted/databases.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const used = (changes: Partial<DailyUsage> = {}): DailyUsage => ({
  day: '2026-01-02',
  rootId: 'mine',
  project: null,
  model: 'ibm/granite',
  requests: 1,
  inputTokens: 10,
  outputTokens: 4,
  toolCalls: 2,
  cost: 3,
  ...changes,
});

const JANUARY = { from: '2026-01-01', to: '2026-01-31' };
const all = { range: JANUARY, group: 'day' as UsageGroup, seesToken: async () => true, seesProject: () => true };

describe('what was used', () => {
  it('adds up, also when several processes add at once', async () => {
    const path = join(temporaryFolder(), 'shared.db');
    const stores = [await openUsage(path), await openUsage(path)];
    await Promise.all(Array.from({ length: 20 }, (_, index) => stores[index % 2]?.add([used(), used({ model: 'm' })])));
    expect(await readUsage(await openUsage(path), { ...all, group: 'model' })).toEqual({
      rows: [
        { value: 'ibm/granite', requests: 20, inputTokens: 200, outputTokens: 80, toolCalls: 40, cost: 60 },
        { value: 'm', requests: 20, inputTokens: 200, outputTokens: 80, toolCalls: 40, cost: 60 },
      ],
      totals: { requests: 40, inputTokens: 400, outputTokens: 160, toolCalls: 80, cost: 120 },
    });
  });

  it.each([
    ['day', ['2026-01-01', '2026-01-31']],
    ['token', ['mine', 'theirs']],
    ['project', [null, 'web']],
    ['model', ['ibm/granite', 'ibm/other']],
  ] as const)('is told by %s', async (group, values) => {
    const store = await openUsage();
    await store.add([
      used({ day: '2026-01-31' }),
      used({ day: '2026-01-01', rootId: 'theirs', project: 'web', model: 'ibm/other' }),
      used({ day: '2026-01-01', requests: 3 }),
    ]);
    const { rows, totals } = await readUsage(store, { ...all, group });
    expect(rows.map(({ value }) => value)).toEqual(values);
    expect(totals).toMatchObject({ requests: 5 });
  });

  it('counts the first and the last day in, and no other', async () => {
    const store = await openUsage();
    await store.add(['2025-12-31', '2026-01-01', '2026-01-31', '2026-02-01'].map((day) => used({ day })));
    const { rows } = await readUsage(store, all);
    expect(rows.map(({ value }) => value)).toEqual(['2026-01-01', '2026-01-31']);
  });

  it('is in no sum for who may not see the token or the project', async () => {
    const store = await openUsage();
    await store.add([
      used(),
      used({ rootId: 'theirs', requests: 100 }),
      used({ project: 'web', requests: 10 }),
      used({ project: 'secret', requests: 1000 }),
    ]);
    const seen = {
      seesToken: async (id: string) => id === 'mine',
      seesProject: (name: string | null) => name !== 'secret',
    };
    for (const group of ['day', 'token', 'project', 'model'] as const) {
      expect((await readUsage(store, { ...all, ...seen, group })).totals.requests).toBe(11);
    }
  });

  it('is found for more tokens than a statement takes', async () => {
    const store = await openUsage();
    await store.add(Array.from({ length: 1201 }, (_, index) => used({ rootId: `token-${index}` })));
    expect((await readUsage(store, all)).totals.requests).toBe(1201);
  });

  it('comes to the same totals, whatever it is told by', async () => {
    const count = fc.nat(1_000_000);
    const record: fc.Arbitrary<DailyUsage> = fc.record({
      day: fc.constantFrom('2026-01-01', '2026-01-02'),
      rootId: fc.constantFrom('a', 'b'),
      project: fc.constantFrom(null, 'web', '%'),
      model: fc.constantFrom('x/y', "x'y"),
      requests: count,
      inputTokens: count,
      outputTokens: count,
      toolCalls: count,
      cost: count,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 12 }), async (records) => {
        const store = await openUsage();
        await store.add(records);
        const totals = records.reduce<Pick<UsageRecord, keyof typeof NOTHING_USED>>(addCounts, NOTHING_USED);
        for (const group of ['day', 'token', 'project', 'model'] as const) {
          expect((await readUsage(store, { ...all, group })).totals).toEqual(totals);
        }
      }),
      { numRuns: 20 },
    );
  });
});
