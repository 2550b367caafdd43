import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AuditEntry, createAuditLog, createMemoryAuditStore } from '../../src/index.ts';
import { openSqlStore } from './places.ts';

const key = new Uint8Array(32).fill(7);
const ENTRIES = 20_050;
const ended = { length: ENTRIES };

describe('a log of more than two checkpoints', () => {
  let place: Awaited<ReturnType<typeof openSqlStore>>;
  const openLog = () => createAuditLog({ store: place.store, key });
  beforeAll(async () => {
    place = await openSqlStore();
    const log = openLog();
    await Promise.all(
      Array.from(ended, (_, index) => log.record({ type: 'token.issued', actor: {}, subject: `${index}` })),
    );
    await place.run('create table first_checkpoint as select * from audit_checkpoints where seq = 10000');
  });
  afterAll(() => place.close());
  // There is one connection: whatever a test does to the database is undone.
  beforeEach(() => place.run('begin'));
  afterEach(() => place.run('rollback'));

  it('has one for each 10,000 entries', async () => {
    expect((await place.store.checkpoints()).map(({ seq }) => seq)).toEqual([10_000, 20_000]);
  });

  it('is verified from the last of them, and reads no more than what followed', async () => {
    let most = 0;
    const read: typeof place.store.read = async (query) => {
      const page = await place.store.read(query);
      most += page.length;
      return page;
    };
    const log = createAuditLog({ store: { ...place.store, read }, key });
    const [, { seal: _, ...checkpoint } = { seal: '' }] = await place.store.checkpoints();
    const head = { seq: ENTRIES, hash: (await place.store.head())?.hash };
    expect(await log.verify({ from: 'checkpoint' })).toEqual({ intact: true, entries: 51, head, checkpoint });
    // The entry of the other checkpoint was looked at, too.
    expect(most).toBe(52);
    expect(await log.verify()).toEqual({ intact: true, entries: ENTRIES, head });
  });

  it.each([
    ['changed after it', [`update audit_entries set subject = 'x' where seq = 20001`], 20_001, 'changed', true],
    ['changed in its place', [`update audit_entries set subject = 'x' where seq = 20000`], 20_000, 'changed', true],
    [
      'changed in the place of an earlier one',
      [`update audit_entries set subject = 'x' where seq = 10000`],
      10_000,
      'changed',
      true,
    ],
    [
      'missing in the place of an earlier one',
      ['delete from audit_entries where seq = 10000'],
      10_000,
      'missing',
      true,
    ],
    ['missing in its place', ['delete from audit_entries where seq = 20000'], 20_000, 'missing', true],
    ['cut off', ['delete from audit_entries where seq > 20040'], 20_041, 'truncated', true],
    ['changed before it', [`update audit_entries set subject = 'x' where seq = 19999`], 19_999, 'changed', false],
    ['changed at the beginning', [`update audit_entries set subject = 'x' where seq = 1`], 1, 'changed', false],
  ])('is found %s', async (_, statements, brokenAt, problem, fromCheckpoint) => {
    await place.run(...statements);
    expect(await openLog().verify()).toMatchObject({ intact: false, brokenAt, problem });
    const found = await openLog().verify({ from: 'checkpoint' });
    if (fromCheckpoint) expect(found).toMatchObject({ intact: false, brokenAt, problem });
    // What lies before the checkpoint is not read.
    else expect(found).toMatchObject({ intact: true });
  });

  it.each([
    ['hash', "'x'"],
    ['seal', "'x'"],
    ['seal', 'zeroblob(64)'],
    ['hash', '(select hash from audit_entries where seq = 19999)'],
  ])('has no checkpoint whose %s is %s', async (column, value) => {
    await place.run(`update audit_checkpoints set ${column} = ${value} where seq = 20000`);
    for (const from of ['start', 'checkpoint'] as const) {
      expect(await openLog().verify({ from })).toMatchObject({ brokenAt: 20_000, problem: 'checkpoint' });
    }
  });

  it('is verified from the start, or an earlier checkpoint, where others are gone', async () => {
    await place.run('delete from audit_checkpoints where seq = 20000');
    expect(await openLog().verify({ from: 'checkpoint' })).toMatchObject({
      entries: 10_051,
      checkpoint: { seq: 10_000 },
    });
    await place.run('delete from audit_checkpoints');
    expect(await openLog().verify({ from: 'checkpoint' })).toMatchObject({ entries: ENTRIES });
  });

  it('is known by its checkpoints to have been emptied', async () => {
    await place.run('delete from audit_entries', 'delete from audit_head');
    expect(await openLog().verify()).toMatchObject({ brokenAt: 1, problem: 'truncated' });
    expect(await openLog().verify({ from: 'checkpoint' })).toMatchObject({ intact: false });
  });

  it('keeps the checkpoints of what stays when it is trimmed', async () => {
    // The test's own transaction is the only one that the connection can have.
    await place.run(
      'rollback',
      'create table kept as select * from audit_entries',
      'create table kept_head as select * from audit_head',
    );
    expect(await openLog().trim({ keep: 9000 })).toBe(11_051);
    expect((await place.store.checkpoints()).map(({ seq }) => seq)).toEqual([20_000]);
    expect(await openLog().verify({ from: 'checkpoint' })).toMatchObject({
      intact: true,
      checkpoint: { seq: 20_000 },
      trimmed: { seq: 11_051 },
    });
    expect(await openLog().verify()).toMatchObject({ intact: true, trimmed: { seq: 11_051 } });
    await place.run('delete from audit_entries', 'insert into audit_entries select * from kept');
    await place.run('delete from audit_head', 'insert into audit_head select * from kept_head');
    await place.run('insert into audit_checkpoints select * from first_checkpoint', 'begin');
    expect(await openLog().verify()).toMatchObject({ intact: true, entries: ENTRIES });
  });
});

describe('entries that were copied out of a log', () => {
  async function* inPages(entries: readonly AuditEntry[]) {
    for (let first = 0; first < entries.length; first += 2) yield entries.slice(first, first + 2);
  }

  async function setUp() {
    const log = createAuditLog({ store: createMemoryAuditStore(), key });
    for (let count = 1; count <= 7; count++) await log.record({ type: 'token.issued', actor: {}, subject: `${count}` });
    const entries = (await log.list()).map((entry) => JSON.parse(JSON.stringify(entry)) as AuditEntry);
    const heads = entries.map(({ seq, hash }) => ({ seq, hash }));
    return { log, entries, heads };
  }

  it('are verified without the log, from whatever entry they begin with', async () => {
    const { log, entries, heads } = await setUp();
    expect(await log.verifyExport(inPages(entries))).toEqual({ intact: true, entries: 7, head: heads[6] });
    expect(await log.verifyExport(inPages(entries.slice(3, 5)))).toEqual({
      intact: true,
      entries: 2,
      head: heads[4],
      follows: heads[2],
    });
    expect(await log.verifyExport(inPages([]))).toMatchObject({ intact: true, entries: 0 });
  });

  it.each([
    ['was changed', (entries: AuditEntry[]) => Object.assign(entries[2] ?? {}, { subject: 'x' }), 3, 'changed'],
    ['is missing', (entries: AuditEntry[]) => entries.splice(2, 1), 3, 'missing'],
    ['was cut off', (entries: AuditEntry[]) => entries.splice(5), 6, 'truncated'],
    ['comes twice', (entries: AuditEntry[]) => entries.splice(2, 0, ...entries.slice(1, 2)), 3, 'inserted'],
    [
      'is the first, and follows another',
      (entries: AuditEntry[]) => entries.splice(0, 1, ...entries.slice(1, 2)),
      3,
      'inserted',
    ],
  ])('show that one %s', async (_, change, brokenAt, problem) => {
    const { log, entries, heads } = await setUp();
    change(entries);
    const found = await log.verifyExport(inPages(entries), { expectedHead: heads[6] ?? { seq: 0, hash: '' } });
    expect(found).toMatchObject({ intact: false, brokenAt, problem });
  });

  it('of another key, or that are none, are not genuine', async () => {
    const { entries } = await setUp();
    const stranger = createAuditLog({ store: createMemoryAuditStore(), key: new Uint8Array(32) });
    expect(await stranger.verifyExport(inPages(entries))).toMatchObject({ brokenAt: 1, problem: 'changed' });
    const none = [{ seq: -3 }, { seq: '1' }, { seq: null }, {}] as unknown as AuditEntry[];
    for (const entry of none) expect(await stranger.verifyExport(inPages([entry]))).toMatchObject({ intact: false });
  });
});

describe('a platform without a synchronous HMAC', () => {
  afterEach(() => void vi.restoreAllMocks());

  it('writes and verifies the same log', async () => {
    const store = createMemoryAuditStore();
    const record = (log: ReturnType<typeof createAuditLog>) => log.record({ type: 'token.issued', actor: {} });
    await record(createAuditLog({ store, key }));
    vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
    await record(createAuditLog({ store, key }));
    expect(await createAuditLog({ store, key }).verify()).toMatchObject({ intact: true, entries: 2 });
    vi.restoreAllMocks();
    expect(await createAuditLog({ store, key }).verify()).toMatchObject({ intact: true, entries: 2 });
  });
});
