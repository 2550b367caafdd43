import { createAuditLog, createMemoryAuditStore } from '@latchkey/auth-core';
import { describe, expect, it } from 'vitest';
import { trimDaily } from '../../src/audit/trim-daily.ts';

const HOUR = 3_600_000;

/** A log with an entry for each hour of four days. */
async function setUp() {
  let time = Date.parse('2027-01-01T00:30:00Z');
  const store = createMemoryAuditStore();
  const clock = () => new Date(time);
  const log = createAuditLog({ store, key: new Uint8Array(32).fill(7), clock });
  for (let hour = 0; hour < 96; hour++) {
    await log.record({ type: 'token.issued', actor: {} });
    time += HOUR;
  }
  const seqs = async () => (await store.read({ limit: 1000 })).map(({ seq }) => seq);
  const pass = (hours: number) => {
    time += hours * HOUR;
  };
  return { log, clock, seqs, pass };
}

describe('the audit log of a server', () => {
  it('is kept whole where nothing else is configured', async () => {
    const { log, clock, seqs } = await setUp();
    await trimDaily(log, {}, clock());
    expect(await seqs()).toHaveLength(96);
  });

  it('is trimmed by age once a day, however often that is looked at, and says so', async () => {
    const { log, clock, seqs, pass } = await setUp();
    for (let hour = 0; hour < 24; hour++) {
      await trimDaily(log, { auditDays: 2 }, clock());
      pass(1);
    }
    // It is 6 January, half past midnight, and was the fifth: the entries of the third are there.
    expect((await seqs())[0]).toBe(49);
    expect(await log.list({ type: 'audit.trimmed' })).toMatchObject([
      { seq: 97, actor: { name: 'retention' }, details: { count: 48, through: 48, until: '2027-01-02T23:30:00.000Z' } },
    ]);
    await trimDaily(log, { auditDays: 2 }, clock());
    expect((await seqs())[0]).toBe(73);
    expect(await log.verify()).toMatchObject({ intact: true, trimmed: { seq: 72 } });
  });

  it('is trimmed to a number of entries', async () => {
    const { log, clock, seqs } = await setUp();
    for (let round = 0; round < 3; round++) await trimDaily(log, { auditEntries: 50 }, clock());
    expect(await seqs()).toHaveLength(50);
    expect(await log.list({ type: 'audit.trimmed' })).toHaveLength(1);
  });
});
