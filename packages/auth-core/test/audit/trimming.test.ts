import { describe, expect, it } from 'vitest';
import { type AuditProblem, type AuditStore, createAuditLog, createMemoryAuditStore } from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { openSqlStore } from './places.ts';

const key = new Uint8Array(32).fill(7);
const DAY = 86_400_000;
const unavailable = expect.objectContaining({ code: 'AUTH_AUDIT_UNAVAILABLE' });

/** A log with so many entries, one a day from 1 January at noon. */
async function fill(store: AuditStore, days: number) {
  const clock = fixedClock('2027-01-01T12:00:00Z');
  const log = createAuditLog({ store, key, clock });
  for (let day = 1; day <= days; day++) {
    await log.record({ type: 'token.issued', actor: {}, subject: `token ${day}` });
    clock.advance(DAY);
  }
  return { clock, log };
}

/** A log on the store that has written nothing yet. */
const openLog = (store: AuditStore) => createAuditLog({ store, key });
const seqsOf = async (store: AuditStore) => (await store.read({ limit: 1000 })).map(({ seq }) => seq);

describe('trim', () => {
  it('removes what is before a time, says so in an entry, and leaves a chain that is whole', async () => {
    const store = createMemoryAuditStore();
    const { log } = await fill(store, 6);
    const hash = (await store.read({ after: 3, limit: 1 }))[0]?.hash;
    const actor = { id: 'local:operator' };
    expect(await log.trim({ before: '2027-01-05T00:00:00+01:00', actor })).toBe(4);
    expect(await seqsOf(store)).toEqual([5, 6, 7]);
    expect((await log.list()).at(-1)).toMatchObject({
      type: 'audit.trimmed',
      actor,
      details: { count: 4, through: 4, until: '2027-01-04T12:00:00.000Z' },
    });
    await log.record({ type: 'token.revoked', actor: {} });
    for (const verifier of [log, openLog(store)]) {
      expect(await verifier.verify()).toMatchObject({ intact: true, entries: 4, trimmed: { seq: 4, hash } });
    }
  });

  it('keeps what is younger, and all that follows it, when a clock has gone back', async () => {
    const store = createMemoryAuditStore();
    const { log, clock } = await fill(store, 3);
    clock.advance(-3 * DAY);
    await log.record({ type: 'token.issued', actor: {} });
    expect(await log.trim({ before: '2027-01-02T00:00:00Z' })).toBe(1);
    expect(await seqsOf(store)).toEqual([2, 3, 4, 5]);
  });

  it('keeps so many entries, the one that says so among them', async () => {
    const store = createMemoryAuditStore();
    const { log } = await fill(store, 6);
    expect(await log.trim({ keep: 3 })).toBe(4);
    expect(await seqsOf(store)).toEqual([5, 6, 7]);
    expect(await log.trim({ keep: 3 })).toBe(0);
    expect(await log.trim({ keep: 1 })).toBe(3);
    expect(await seqsOf(store)).toEqual([8]);
    expect(await openLog(store).verify()).toMatchObject({ intact: true, entries: 1, trimmed: { seq: 7 } });
  });

  it('writes nothing when there is nothing to remove', async () => {
    const store = createMemoryAuditStore();
    const { log } = await fill(store, 2);
    expect(await log.trim({ before: '2027-01-01T00:00:00Z', keep: 5 })).toBe(0);
    expect(await openLog(createMemoryAuditStore()).trim({ keep: 1 })).toBe(0);
    expect(await seqsOf(store)).toEqual([1, 2]);
  });

  it('removes many in portions, each with its entry', async () => {
    const store = createMemoryAuditStore();
    const log = openLog(store);
    await Promise.all(Array.from({ length: 20_500 }, () => log.record({ type: 'token.issued', actor: {} })));
    expect(await log.trim({ keep: 100 })).toBe(20_401);
    const counts = (await store.read({ limit: 9, type: 'audit.trimmed' })).map(({ details }) => details?.count);
    expect(counts).toEqual([10_000, 10_000, 401]);
    expect(await log.verify()).toMatchObject({ intact: true, entries: 102, trimmed: { seq: 20_401 } });
    expect(await store.checkpoints()).toEqual([]);
  });

  it.each([
    [{}, 'before'],
    [{ before: 'yesterday' }, 'before'],
    [{ keep: 0 }, 'keep'],
    [{ keep: 1.5 }, 'keep'],
  ])('refuses what is not what it must be: %o', async (options, path) => {
    await expect(openLog(createMemoryAuditStore()).trim(options)).rejects.toMatchObject({
      code: 'AUTH_INPUT_INVALID',
      path,
    });
  });

  it('does not do away with an entry that was changed', async () => {
    const { store, run, close } = await openSqlStore();
    await fill(store, 6);
    await run(`update audit_entries set subject = 'other' where seq = 2`);
    const refused = openLog(store).trim({ keep: 3 });
    await expect(refused).rejects.toThrow(unavailable);
    await expect(refused).rejects.toMatchObject({
      cause: { message: expect.stringContaining('entry 2 of the audit') },
    });
    expect(await seqsOf(store)).toEqual([1, 2, 3, 4, 5, 6]);
    await close();
  });

  it('is known to other writers, whose last entries may be gone', async () => {
    const store = createMemoryAuditStore();
    const { log } = await fill(store, 3);
    const other = openLog(store);
    await other.record({ type: 'token.issued', actor: {} });
    await log.record({ type: 'token.issued', actor: {} });
    expect(await openLog(store).trim({ keep: 2 })).toBe(4);
    await other.record({ type: 'token.issued', actor: {} });
    await log.record({ type: 'token.issued', actor: {} });
    expect(await openLog(store).trim({ keep: 1 })).toBe(4);
    await other.check();
    await log.record({ type: 'token.issued', actor: {} });
    for (const verifier of [log, other]) expect(await verifier.verify()).toMatchObject({ intact: true, entries: 2 });
  });

  it('takes nothing away from a verification that runs', async () => {
    const store = createMemoryAuditStore();
    await fill(store, 6);
    let trimmed = false;
    const trimmedMeanwhile: AuditStore = {
      ...store,
      async read(query) {
        if (!trimmed) {
          trimmed = true;
          await openLog(store).trim({ keep: 3 });
        }
        return store.read(query);
      },
    };
    expect(await openLog(trimmedMeanwhile).verify()).toMatchObject({ intact: true, entries: 3 });
  });
});

describe('a head that was kept elsewhere', () => {
  it('is compared with what was trimmed last, and refused when that was later', async () => {
    const store = createMemoryAuditStore();
    const { log } = await fill(store, 6);
    const heads = (await store.read({ limit: 9 })).map(({ seq, hash }) => ({ seq, hash }));
    await log.trim({ keep: 3 });
    for (const [index, expectedHead] of heads.entries()) {
      const found = openLog(store).verify({ expectedHead });
      if (index >= 3) expect(await found).toMatchObject({ intact: true });
      else await expect(found).rejects.toMatchObject({ code: 'AUTH_INPUT_INVALID', path: 'expectedHead' });
    }
    const other = { seq: 4, hash: heads[4]?.hash ?? '' };
    expect(await openLog(store).verify({ expectedHead: other })).toMatchObject({ brokenAt: 4, problem: 'replaced' });
  });
});

/** Entries 1 to 4 were trimmed, and there are 5 to 7; `earlier_head` is the record from before, `gone` what was trimmed. */
const TAMPERINGS: [done: string, sql: string[], brokenAt: number, problem: AuditProblem][] = [
  ['deleted the first that there was', ['delete from audit_entries where seq = 5'], 5, 'missing'],
  ['deleted all entries', ['delete from audit_entries'], 5, 'truncated'],
  ['cut off the end', ['delete from audit_entries where seq > 6'], 7, 'truncated'],
  [
    'moved the start',
    [
      'update audit_head set start_seq = 5, start_hash = (select hash from audit_entries where seq = 5)',
      'delete from audit_entries where seq = 5',
    ],
    6,
    'start',
  ],
  ['moved the start and left the entries', ['update audit_head set start_seq = 6'], 5, 'start'],
  ['forged the hash of the start', [`update audit_head set start_hash = '${'0'.repeat(64)}'`], 5, 'start'],
  ['removed the hash of the start', ['update audit_head set start_hash = null'], 5, 'start'],
  ['wrote bytes where the hash of the start belongs', ['update audit_head set start_hash = zeroblob(64)'], 5, 'start'],
  ['forged the seal', [`update audit_head set seal = 'x'`], 5, 'start'],
  [
    'changed an entry and the start',
    ['update audit_head set start_seq = 3', `update audit_entries set subject = 'x' where seq = 6`],
    6,
    'changed',
  ],
  ['removed the start', ['update audit_head set start_seq = null, start_hash = null'], 1, 'missing'],
  ['removed the record of both ends', ['delete from audit_head'], 1, 'missing'],
  [
    'put back the record from before',
    ['delete from audit_head', 'insert into audit_head select * from earlier_head'],
    1,
    'missing',
  ],
  ['put back what was trimmed', ['insert into audit_entries select * from gone'], 5, 'inserted'],
  ['put back the last that was trimmed', ['insert into audit_entries select * from gone where seq = 4'], 5, 'inserted'],
];

describe('a trimmed log', () => {
  async function setUp() {
    const { store, run, close } = await openSqlStore();
    const { log } = await fill(store, 6);
    await run('create table earlier_head as select * from audit_head');
    await run('create table gone as select * from audit_entries where seq <= 4');
    await log.trim({ keep: 3 });
    return { store, run, close };
  }

  it.each(TAMPERINGS)('shows what was done to it: %s', async (_, statements, brokenAt, problem) => {
    const { store, run, close } = await setUp();
    expect(await openLog(store).verify()).toMatchObject({ intact: true, entries: 3 });
    await run(...statements);
    expect(await openLog(store).verify()).toMatchObject({ intact: false, brokenAt, problem });
    await close();
  });

  it('is not the one that was there when all of it was put back, as a log knows that has written since', async () => {
    const { store, run, close } = await setUp();
    const writer = openLog(store);
    await writer.record({ type: 'token.issued', actor: {} });
    await run('delete from audit_entries', 'insert into audit_entries select * from gone');
    await run('delete from audit_head', 'insert into audit_head select * from earlier_head');
    expect(await writer.verify()).toMatchObject({ intact: false });
    await expect(writer.record({ type: 'token.issued', actor: {} })).rejects.toThrow(unavailable);
    await close();
  });
});

describe('the next entry', () => {
  it.each([
    ['cut off', ['delete from audit_entries where seq = 7']],
    ['changed', [`update audit_entries set subject = 'other' where seq = 7`]],
    ['changed with its hash', [`update audit_entries set hash = 'x' where seq = 7`]],
    [
      'followed by a forged one',
      ["insert into audit_entries (seq, at, type, previous_hash, hash) values (9, '', '', '', '')"],
    ],
    [
      'put back, and the entries were left',
      ['delete from audit_head', 'insert into audit_head select * from earlier_head'],
    ],
    ['moved', ['update audit_head set seq = 6, hash = (select hash from audit_entries where seq = 6)']],
    ['left, and the start was moved', ['update audit_head set start_seq = 5']],
    ['left, and the start was removed', ['update audit_head set start_seq = null']],
    ['emptied', ['delete from audit_entries']],
  ])('is refused to a new writer when the end was %s', async (_, statements) => {
    const { store, run, close } = await openSqlStore();
    const { log } = await fill(store, 6);
    await run('create table earlier_head as select * from audit_head');
    await log.trim({ keep: 3 });
    await run(...statements);
    const comer = openLog(store);
    await expect(comer.record({ type: 'token.issued', actor: {} })).rejects.toThrow(unavailable);
    await expect(comer.trim({ keep: 1 })).rejects.toThrow(unavailable);
    await expect(comer.check()).rejects.toThrow(unavailable);
    await close();
  });

  it('is refused to the writer of an entry that is no longer there, however long the log has become', async () => {
    const { store, run, close } = await openSqlStore();
    await fill(store, 2);
    await run('create table kept as select * from audit_entries', 'create table kept_head as select * from audit_head');
    const writer = openLog(store);
    await writer.record({ type: 'token.issued', actor: {} });
    await run('delete from audit_entries', 'insert into audit_entries select * from kept');
    await run('delete from audit_head', 'insert into audit_head select * from kept_head');
    for (let count = 0; count < 3; count++) await openLog(store).record({ type: 'token.revoked', actor: {} });
    await expect(writer.record({ type: 'token.issued', actor: {} })).rejects.toThrow(unavailable);
    await expect(writer.check()).rejects.toThrow(unavailable);
    await close();
  });

  it('is taken while others write', async () => {
    const store = createMemoryAuditStore();
    const [one, other] = [openLog(store), openLog(store)];
    const write = (log: typeof one) => log.record({ type: 'token.issued', actor: {} });
    await Promise.all(Array.from({ length: 50 }, () => [write(one), write(other), one.check(), other.check()]).flat());
    expect(await one.verify()).toMatchObject({ intact: true, entries: 100 });
  });
});
