import { describe, expect, it } from 'vitest';
import { createMemoryPersonStore, createPersonalLog, type PersonStore } from '../../src/erasure/index.ts';
import {
  type AuditEvent,
  type AuditLog,
  createAuditLog,
  createAuth,
  createMemoryAuditStore,
  createMemoryTokenStore,
  defineVocabulary,
} from '../../src/index.ts';
import {
  createKyselyAuditStore,
  createKyselyPersonStore,
  createKyselyTokenStore,
  migrate,
  personMigrations,
  tokenMigrations,
} from '../../src/stores/kysely/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
import { fixedClock } from '../../src/testing/index.ts';

const vocabulary = defineVocabulary({ actions: ['invoices:read'] });
const digestKey = new Uint8Array(32).fill(5);
const grant = { actions: ['invoices:read', 'tokens:read', 'tokens:write'] } as const;
const PSEUDONYM = /^person-[A-Za-z0-9]{16}$/;

async function inMemory() {
  return {
    tokens: createMemoryTokenStore(),
    persons: createMemoryPersonStore(),
    log: createAuditLog({ store: createMemoryAuditStore(), key: digestKey }),
  };
}

async function inSqlite() {
  const database = openSqlite<object>(':memory:');
  await migrate(database, tokenMigrations, 'token_migrations');
  await migrate(database, personMigrations, 'person_migrations');
  return {
    tokens: createKyselyTokenStore(database),
    persons: createKyselyPersonStore(database),
    log: createAuditLog({ store: createKyselyAuditStore(database), key: digestKey }),
  };
}

async function setUp(places = inMemory) {
  const { tokens, persons, log } = await places();
  const clock = fixedClock('2027-01-01T00:00:00Z');
  const personal = createPersonalLog({ log, persons, tokens, clock });
  const auth = createAuth({ vocabulary, store: tokens, digestKey, audit: personal.record, cacheMilliseconds: 0 });
  const issue = (owner: string, name: string) => auth.issue({ name, owner, grant }, auth.operator());
  return { auth, tokens, persons, log, personal, clock, issue };
}

/** All that the log itself has, as a thief of its database would read it. */
const stored = async (log: Pick<AuditLog, 'list'>): Promise<string> => JSON.stringify(await log.list());

describe.each([
  ['in memory', inMemory],
  ['in SQLite, where an act and its entry are one transaction', inSqlite],
])('a log without persons, %s', (_, places) => {
  it('names them by pseudonyms, and shows their names as long as they are known', async () => {
    const { auth, log, personal, issue } = await setUp(places);
    const { token, record } = await issue('zoë', "zoë's laptop");
    const zoë = await auth.verify(token);
    await auth.issue({ name: "zoë's job", grant }, zoë);
    await auth.edit(record.id, { name: "zoë's desktop" }, auth.operator());
    expect(await stored(log)).not.toContain('zoë');
    const shown = await personal.list();
    expect(shown.map(({ type, actor, details }) => [type, actor.owner, details?.name, details?.owner])).toEqual([
      ['token.issued', 'operator', "zoë's laptop", 'zoë'],
      ['token.issued', 'zoë', "zoë's job", 'zoë'],
      ['token.edited', 'operator', { from: "zoë's laptop", to: "zoë's desktop" }, undefined],
    ]);
  });

  it('shows the name of a token that was removed, as long as its owner was not erased', async () => {
    const { auth, log, personal, issue } = await setUp(places);
    const { record } = await issue('zoë', "zoë's laptop");
    await auth.revoke(record.id, auth.operator());
    await auth.remove(record.id, auth.operator());
    expect(await stored(log)).not.toContain('zoë');
    expect((await personal.list()).at(-1)).toMatchObject({
      type: 'token.deleted',
      details: { name: "zoë's laptop", owner: 'zoë' },
    });
    await personal.erase(auth, { owner: 'zoë' });
    expect(JSON.stringify(await personal.list())).not.toContain('zoë');
  });

  it('erases a person: no token works, no text is left, and the log is as it was written', async () => {
    const { auth, log, personal, issue } = await setUp(places);
    const [mine, also, other] = [
      await issue('zoë', "zoë's laptop"),
      await issue('zoë', 'x'),
      await issue('bob', 'bob'),
    ];
    await auth.exchange({ name: "zoë's key", grant }, await auth.verify(mine.token));
    const before = await log.list();
    const pseudonym = await personal.erase(auth, { owner: 'zoë' });
    expect(pseudonym).toMatch(PSEUDONYM);
    for (const { token } of [mine, also]) {
      await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_UNKNOWN' });
    }
    expect((await auth.verify(other.token)).owner).toBe('bob');
    expect((await auth.list(auth.operator())).map(({ owner }) => owner)).toEqual(['bob']);
    expect((await log.list()).slice(0, before.length)).toEqual(before);
    expect(await log.verify()).toMatchObject({ intact: true });
    const shown = JSON.stringify(await personal.list());
    expect(shown).not.toContain('zoë');
    expect(shown).toContain('"owner":"bob"');
    const last = (await personal.list()).at(-1);
    expect([last?.type, last?.subject]).toEqual(['owner.erased', pseudonym]);
    expect(shown.split(pseudonym).length).toBeGreaterThan(3);
  });

  it('names who has erased a person by a pseudonym, too', async () => {
    const { auth, log, personal, issue } = await setUp(places);
    await issue('zoë', "zoë's laptop");
    const input = { name: "jürgen's laptop", owner: 'jürgen', grant: vocabulary.everything };
    const { token } = await auth.issue(input, auth.operator());
    await personal.erase(auth, { owner: 'zoë', by: await auth.verify(token) });
    expect(await stored(log)).not.toContain('jürgen');
    expect((await personal.list()).at(-1)).toMatchObject({ type: 'owner.erased', actor: { name: "jürgen's laptop" } });
  });

  it('erases a person that has no tokens any more, and one in another encoding of its name', async () => {
    const { auth, log, personal, issue } = await setUp(places);
    await issue('Ren\u00e9', 'laptop');
    await personal.erase(auth, { owner: 'Rene\u0301' });
    expect(JSON.stringify(await personal.list())).not.toContain('Ren');
    await personal.erase(auth, { owner: 'Ren\u00e9' });
    expect(await log.verify()).toMatchObject({ intact: true });
  });
});

describe('a log without persons', () => {
  it('has pseudonyms of addresses, too, and leaves what is about no owner', async () => {
    const { log, personal } = await setUp();
    const actor = { id: 'AAAAAAAA', name: 'laptop', owner: 'zoë', rootId: 'AAAAAAAA', address: '198.51.100.4' };
    await personal.record({ type: 'permission.denied', actor, details: { action: 'invoices:read' } });
    await personal.record({ type: 'authentication.refused', actor: { address: '198.51.100.9' } });
    const [denied, refused] = await log.list();
    for (const text of [denied?.actor.name, denied?.actor.owner, denied?.actor.address])
      expect(text).toMatch(PSEUDONYM);
    expect([denied?.actor.id, denied?.details, refused?.actor]).toEqual([
      'AAAAAAAA',
      { action: 'invoices:read' },
      { address: '198.51.100.9' },
    ]);
    expect((await personal.list())[0]?.actor).toEqual(actor);
  });

  it('gives the same text of an owner the same pseudonym, and that of another one another', async () => {
    const { log, personal } = await setUp();
    for (const owner of ['zoë', 'bob', 'zoë']) await personal.record({ type: 'x.y', actor: { owner, name: 'laptop' } });
    const [one, other, again] = (await log.list()).map(({ actor }) => actor.name);
    expect(one).toBe(again);
    expect(one).not.toBe(other);
  });

  it('stores no text of an owner for an entry that comes after the erasure', async () => {
    const { auth, log, personal, persons, clock, issue } = await setUp();
    const { record } = await issue('zoë', "zoë's laptop");
    await personal.erase(auth, { owner: 'zoë' });
    const late: AuditEvent = {
      type: 'token.revoked',
      actor: {},
      subject: record.id,
      details: { name: "zoë's laptop" },
    };
    await personal.record(late);
    await personal.record({ type: 'x.y', actor: { owner: 'zoë', name: 'zoë' } });
    expect(await stored(log)).not.toContain('zoë');
    expect(JSON.stringify(await personal.list())).not.toContain('zoë');
    expect(await persons.pseudonymOf('zoë', 'zoë', 'a new one')).toBe('a new one');
    clock.advance(600_000);
    await persons.forget('zoë');
    await personal.record({ type: 'x.y', actor: { owner: 'zoë', name: 'of another person' } });
    expect(JSON.stringify(await personal.list())).toContain('of another person');
  });

  it('deletes no text as long as a token is left', async () => {
    const { auth, log, personal, issue } = await setUp();
    await issue('zoë', "zoë's laptop");
    const failing = { ...auth, remove: () => Promise.reject(new Error('the disk')) };
    await expect(personal.erase(failing, { owner: 'zoë' })).rejects.toThrow('the disk');
    expect(JSON.stringify(await personal.list())).toContain("zoë's laptop");
    expect((await log.list()).some(({ type }) => type === 'owner.erased')).toBe(false);
    await personal.erase(auth, { owner: 'zoë' });
    expect(JSON.stringify(await personal.list())).not.toContain('zoë');
  });

  it('erases for a principal only what it may revoke', async () => {
    const { auth, personal, issue } = await setUp();
    await issue('zoë', "zoë's laptop");
    const reader = await auth.issue(
      { name: 'reader', owner: 'bob', grant: { actions: ['tokens:read'] } },
      auth.operator(),
    );
    const by = await auth.verify(reader.token);
    await expect(personal.erase(auth, { owner: 'zoë', by })).rejects.toMatchObject({ code: 'AUTH_PERMISSION_DENIED' });
    expect(JSON.stringify(await personal.list())).toContain("zoë's laptop");
  });

  it('refuses to be made without its parts', async () => {
    const { log, tokens } = await inMemory();
    expect(() => createPersonalLog({ log, tokens, persons: undefined as unknown as PersonStore })).toThrow(TypeError);
  });
});
