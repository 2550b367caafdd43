import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AuditEvent,
  type AuditProblem,
  type AuditStore,
  createAuditLog,
  createMemoryAuditStore,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { type Content, createTamperedStore, openSqlStore } from './places.ts';

const key = new Uint8Array(32).fill(7);

/** A log on the store that has written nothing yet. */
function openLog(store: AuditStore) {
  return createAuditLog({ store, key, clock: fixedClock('2027-01-31T12:00:00Z') });
}

const EVENTS: readonly AuditEvent[] = Array.from({ length: 6 }, (_, index) => ({
  type: 'token.issued',
  actor: { id: `actor-${index}`, name: 'ada', owner: 'ada', rootId: 'root', address: '127.0.0.1' },
  project: 'web',
  subject: `token-${index}`,
  details: { kind: 'api-key' },
}));

async function fill(store: AuditStore): Promise<void> {
  const log = openLog(store);
  for (const event of EVENTS) await log.record(event);
}

/** Six entries, of which somebody has done something to the database: what, by SQL and by hand, and what is found. */
const TAMPERINGS: [done: string, sql: string[], tamper: (content: Content) => void, seq: number, AuditProblem][] = [
  [
    'changed a field',
    [`update audit_entries set subject = 'other' where seq = 3`],
    ({ entries }) => {
      entries[2] = { ...entries[2]!, subject: 'other' };
    },
    3,
    'changed',
  ],
  [
    'changed the order',
    [
      'update audit_entries set seq = 99 where seq = 2',
      'update audit_entries set seq = 2 where seq = 3',
      'update audit_entries set seq = 3 where seq = 99',
    ],
    ({ entries }) => {
      [entries[1], entries[2]] = [
        { ...entries[2]!, seq: 2 },
        { ...entries[1]!, seq: 3 },
      ];
    },
    2,
    'changed',
  ],
  [
    'deleted an entry',
    ['delete from audit_entries where seq = 4'],
    ({ entries }) => entries.splice(3, 1),
    4,
    'missing',
  ],
  ['deleted the first', ['delete from audit_entries where seq = 1'], ({ entries }) => entries.shift(), 1, 'missing'],
  ['cut off the end', ['delete from audit_entries where seq > 4'], ({ entries }) => entries.splice(4), 5, 'truncated'],
  ['deleted all entries', ['delete from audit_entries'], ({ entries }) => entries.splice(0), 1, 'truncated'],
  [
    'renumbered the entries after one that was deleted',
    ['delete from audit_entries where seq = 3', 'update audit_entries set seq = seq - 1 where seq > 3'],
    ({ entries }) => {
      entries.splice(2, 1);
      for (const [index, entry] of entries.entries()) entries[index] = { ...entry, seq: index + 1 };
    },
    3,
    'changed',
  ],
  [
    'added a forged entry at the end',
    [copyOf(6, { seq: '7', previous_hash: 'hash' })],
    ({ entries }) => entries.push({ ...entries[5]!, seq: 7, previousHash: entries[5]!.hash }),
    7,
    'inserted',
  ],
  [
    'added a forged entry far behind the end',
    [copyOf(6, { seq: '1000' })],
    ({ entries }) => entries.push({ ...entries[5]!, seq: 1000 }),
    7,
    'inserted',
  ],
  [
    'added a forged entry before the first',
    [copyOf(1, { seq: '-1' })],
    ({ entries }) => entries.push({ ...entries[0]!, seq: -1 }),
    1,
    'inserted',
  ],
  [
    'squeezed a forged entry in between, and moved the others',
    [
      'update audit_entries set seq = -seq where seq > 2',
      'update audit_entries set seq = 1 - seq where seq < 0',
      copyOf(2, { seq: '3', previous_hash: 'hash' }),
    ],
    ({ entries }) => {
      for (const [index, entry] of entries.entries()) if (index > 1) entries[index] = { ...entry, seq: index + 2 };
      entries.push({ ...entries[1]!, seq: 3, previousHash: entries[1]!.hash });
    },
    3,
    'changed',
  ],
  [
    'changed the head',
    ['delete from audit_entries where seq = 6', 'update audit_head set seq = 5'],
    ({ entries, head }) => {
      entries.pop();
      Object.assign(head!, { seq: 5 });
    },
    6,
    'head',
  ],
  [
    'changed the head to the hash of another entry',
    [
      'delete from audit_entries where seq = 6',
      'update audit_head set seq = 5, hash = (select hash from audit_entries where seq = 5)',
    ],
    ({ entries, head }) => {
      entries.pop();
      Object.assign(head!, { seq: 5, hash: entries[4]!.hash });
    },
    6,
    'head',
  ],
  [
    'removed the head',
    ['delete from audit_head'],
    (content) => {
      content.head = undefined;
    },
    7,
    'head',
  ],
  [
    'removed the head and changed a field',
    ['delete from audit_head', `update audit_entries set at = '2027-02-01T12:00:00.000Z' where seq = 2`],
    (content) => {
      content.head = undefined;
      content.entries[1] = { ...content.entries[1]!, at: '2027-02-01T12:00:00.000Z' };
    },
    2,
    'changed',
  ],
];

/** SQL that writes a copy of an entry with other columns. */
function copyOf(seq: number, changes: Readonly<Record<string, string>>): string {
  const columns = ['seq', 'at', 'type', 'actor_id', 'previous_hash', 'hash'];
  const values = columns.map((name) => changes[name] ?? name);
  return `insert into audit_entries (${columns}) select ${values} from audit_entries where seq = ${seq}`;
}

describe('an audit log finds that somebody', () => {
  it.each(TAMPERINGS)('%s, in SQLite', async (_, statements, __, brokenAt, problem) => {
    const { store, run, close } = await openSqlStore();
    await fill(store);
    expect(await openLog(store).verify()).toMatchObject({ intact: true, entries: 6 });
    await run(...statements);
    expect(await openLog(store).verify()).toMatchObject({ intact: false, brokenAt, problem });
    await close();
  });

  it.each(TAMPERINGS)('%s, wherever the log is kept', async (_, __, tamper, brokenAt, problem) => {
    const store = createMemoryAuditStore();
    await fill(store);
    const tampered = createTamperedStore(store, tamper);
    expect(await openLog(tampered).verify()).toMatchObject({ intact: false, brokenAt, problem });
  });

  it('changed whatever column of whatever entry', async () => {
    const { store, run, close } = await openSqlStore();
    await fill(store);
    const columns = ['at', 'type', 'actor_id', 'actor_name', 'actor_owner', 'root_id', 'actor_address', 'project'];
    for (const name of [...columns, 'subject', 'details_json', 'previous_hash', 'hash']) {
      await run('create table kept as select * from audit_entries', 'delete from audit_entries');
      await run('insert into audit_entries select * from kept', `update audit_entries set ${name} = 'x' where seq = 5`);
      expect(await openLog(store).verify(), name).toMatchObject({ brokenAt: 5, problem: 'changed' });
      await run('delete from audit_entries', 'insert into audit_entries select * from kept', 'drop table kept');
    }
    expect(await openLog(store).verify()).toMatchObject({ intact: true });
    await run(`update audit_entries set subject = null, details_json = 'null' where seq = 4`);
    await close();
  });

  it('wrote bytes where a text belongs', async () => {
    const { store, run, close } = await openSqlStore();
    await fill(store);
    await run('create table kept as select * from audit_entries');
    for (const column of ['at', 'type', 'actor_name', 'subject', 'details_json', 'previous_hash']) {
      await run(`update audit_entries set ${column} = zeroblob(64) where seq = 3`);
      expect(await openLog(store).verify(), column).toMatchObject({ brokenAt: 3, problem: 'changed' });
      await run('delete from audit_entries', 'insert into audit_entries select * from kept');
    }
    await close();
  });

  it('wrote bytes where a hash belongs', async () => {
    const { store, run, close } = await openSqlStore();
    await fill(store);
    await run('update audit_entries set hash = zeroblob(64) where seq = 5');
    expect(await openLog(store).verify()).toMatchObject({ brokenAt: 5, problem: 'changed' });
    await run('update audit_head set seal = zeroblob(64)', 'delete from audit_entries where seq > 4');
    expect(await openLog(store).verify()).toMatchObject({ brokenAt: 5, problem: 'head' });
    await close();
  });

  it.each(['{"a":', '7', 'null', '[]'])('wrote %s where the details belong', async (text) => {
    const { store, run, close } = await openSqlStore();
    await openLog(store).record({ type: 'token.issued', actor: {}, details: {} });
    await run(`update audit_entries set details_json = '${text}'`);
    expect(await openLog(store).verify()).toMatchObject({ brokenAt: 1, problem: 'changed' });
    expect((await openLog(store).list())[0]?.details).toEqual({ unreadable: true });
    await close();
  });

  it('put entries of another log with the same key in the place of its own', async () => {
    const [mine, other] = [createMemoryAuditStore(), createMemoryAuditStore()];
    await openLog(other).record({ type: 'token.revoked', actor: {} });
    for (const store of [mine, other]) await fill(store);
    const foreign = await other.read({ limit: 9 });
    const tampered = createTamperedStore(mine, ({ entries }) => {
      entries[3] = foreign[3]!;
    });
    expect(await openLog(tampered).verify()).toMatchObject({ brokenAt: 4, problem: 'replaced' });
  });

  it('put back an earlier head and left the entries', async () => {
    const { store, run, close } = await openSqlStore();
    await fill(store);
    await run('create table old_head as select * from audit_head');
    await openLog(store).record(EVENTS[0]!);
    await run('delete from audit_head', 'insert into audit_head select * from old_head');
    expect(await openLog(store).verify()).toMatchObject({ brokenAt: 8, problem: 'head' });
    await close();
  });

  it('put the whole log back to an earlier state, where a later head is expected', async () => {
    const { store, run, close } = await openSqlStore();
    await fill(store);
    await run('create table old_head as select * from audit_head');
    const writer = openLog(store);
    await writer.record(EVENTS[0]!);
    const state = await writer.verify();
    const expectedHead = state.intact ? state.head : undefined;
    expect(expectedHead).toMatchObject({ seq: 7 });
    await run('delete from audit_entries where seq > 6');
    await run('delete from audit_head', 'insert into audit_head select * from old_head');
    expect(await openLog(store).verify()).toMatchObject({ intact: true, entries: 6 });
    expect(await openLog(store).verify({ expectedHead: expectedHead! })).toMatchObject({
      brokenAt: 7,
      problem: 'truncated',
    });
    expect(await writer.verify()).toMatchObject({ brokenAt: 7, problem: 'truncated' });
    // Somebody who knows of nothing goes on from there, and what he writes is another seventh entry.
    await openLog(store).record(EVENTS[1]!);
    expect(await openLog(store).verify({ expectedHead: expectedHead! })).toMatchObject({
      brokenAt: 7,
      problem: 'replaced',
    });
    expect(await writer.verify()).toMatchObject({ brokenAt: 7, problem: 'replaced' });
    await close();
  });

  it('emptied it and removed its head, where it has written before or a head is expected', async () => {
    const { store, run, close } = await openSqlStore();
    const writer = openLog(store);
    await writer.record(EVENTS[0]!);
    const state = await writer.verify();
    await run('delete from audit_entries', 'delete from audit_head');
    expect(await writer.verify()).toMatchObject({ brokenAt: 1, problem: 'truncated' });
    const expectedHead = state.intact ? state.head : undefined;
    expect(await openLog(store).verify({ expectedHead: expectedHead! })).toMatchObject({ problem: 'truncated' });
    await close();
  });

  it('verifies it with another key, from the first entry on', async () => {
    const store = createMemoryAuditStore();
    await fill(store);
    const stranger = createAuditLog({ store, key: new Uint8Array(32) });
    expect(await stranger.verify()).toMatchObject({
      brokenAt: 1,
      problem: 'changed',
      message: expect.stringContaining('key'),
    });
  });

  it('changed anything anywhere, and says in which entry', async () => {
    const store = createMemoryAuditStore();
    await fill(store);
    const fields = ['at', 'type', 'project', 'subject', 'previousHash', 'hash', 'actor', 'details'];
    const change = fc.record({
      index: fc.nat({ max: 5 }),
      field: fc.constantFrom(...fields),
      value: fc.oneof(fc.string(), fc.jsonValue()),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ index, field, value }) => {
        const before = JSON.stringify((await store.read({ limit: 9 }))[index]);
        const tampered = createTamperedStore(store, ({ entries }) =>
          Object.assign(entries[index]!, { [field]: value }),
        );
        fc.pre(JSON.stringify((await tampered.read({ limit: 9 }))[index]) !== before);
        expect(await openLog(tampered).verify()).toMatchObject({ brokenAt: index + 1, problem: 'changed' });
      }),
    );
  });
});

describe('a log that was tampered with', () => {
  it.each([
    ['the head was changed', [`update audit_head set seal = 'x'`]],
    ['the head was removed', ['delete from audit_head']],
    ['all of it was removed', ['delete from audit_head', 'delete from audit_entries']],
  ])('is not continued when %s: the record is refused', async (_, statements) => {
    const { store, run, close } = await openSqlStore();
    const log = openLog(store);
    await log.record(EVENTS[0]!);
    await run(...statements);
    const refused = expect.objectContaining({ code: 'AUTH_AUDIT_UNAVAILABLE' });
    await expect(log.record(EVENTS[1]!)).rejects.toThrow(refused);
    expect(await log.list({ after: 1 })).toEqual([]);
    await close();
  });

  it('is not continued by a log with another key', async () => {
    const store = createMemoryAuditStore();
    await fill(store);
    const stranger = createAuditLog({ store, key: new Uint8Array(32) });
    await expect(stranger.record(EVENTS[0]!)).rejects.toMatchObject({
      code: 'AUTH_AUDIT_UNAVAILABLE',
      cause: { message: expect.stringContaining('the key is another one') },
    });
  });
});
