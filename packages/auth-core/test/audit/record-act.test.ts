import { describe, expect, it } from 'vitest';
import {
  type AuditEvent,
  type Auth,
  createAuditLog,
  createAuth,
  createMemoryAuditStore,
  createMemoryTokenStore,
  createSealer,
  recordAct,
} from '../../src/index.ts';
import { createSigningKeys, type SigningKeys } from '../../src/jwt/index.ts';
import {
  createKyselyAuditStore,
  createKyselySigningKeyStore,
  createKyselyTokenStore,
  migrate,
  tokenMigrations,
} from '../../src/stores/kysely/index.ts';
import { openSqlite } from '../../src/stores/sqlite/index.ts';
import { llm } from '../words.ts';

const key = new Uint8Array(32).fill(7);

/** Tokens, signing keys and the log in one database, as a server has them. */
async function openAll() {
  const database = openSqlite<{
    audit_head: { seal: string };
    tokens: Record<string, unknown>;
    signing_keys: Record<string, unknown>;
  }>(':memory:');
  await migrate(database, tokenMigrations, 'token_migrations');
  const log = createAuditLog({ store: createKyselyAuditStore(database), key });
  const auth = createAuth({
    vocabulary: llm,
    store: createKyselyTokenStore(database),
    digestKey: key,
    audit: log.record,
  });
  const keys = createSigningKeys({
    store: createKyselySigningKeyStore(database),
    sealer: createSealer(key),
    audit: log.record,
  });
  const state = async () => [
    await database.selectFrom('tokens').selectAll().orderBy('id').execute(),
    await database.selectFrom('signing_keys').selectAll().execute(),
  ];
  /** As a backup that was put back under a running server. */
  const putBack = () => database.updateTable('audit_head').set({ seal: 'another' }).execute();
  return { database, log, auth, keys, state, putBack };
}

type Act = (auth: Auth, keys: SigningKeys, id: string, endedId: string) => Promise<unknown>;

describe('an act and its entry in one database', () => {
  it.each<[string, Act]>([
    ['issue', (auth) => auth.issue({ name: 'bot', grant: { actions: [] } }, auth.operator())],
    ['edit', (auth, _, id) => auth.edit(id, { grant: { actions: ['*'] } }, auth.operator())],
    ['rotate', (auth, _, id) => auth.rotate(id, {}, auth.operator())],
    ['remove', (auth, _, __, endedId) => auth.remove(endedId, auth.operator())],
    ['keys.rotate', (auth, keys) => keys.rotate({}, auth.operator())],
    ['keys.rotate compromised', (auth, keys) => keys.rotate({ compromised: true }, auth.operator())],
  ])('%s changes nothing when the log refuses, and says that it was the log', async (_, act) => {
    const { auth, keys, state, putBack, log } = await openAll();
    await keys.jwks();
    const { record } = await auth.issue({ name: 'old', grant: { actions: ['chat'] } }, auth.operator());
    const ended = await auth.issue({ name: 'ended', grant: { actions: [] } }, auth.operator());
    await auth.revoke(ended.record.id, auth.operator());
    await log.check();
    await putBack();
    const before = await state();
    await expect(act(auth, keys, record.id, ended.record.id)).rejects.toMatchObject({
      code: 'AUTH_AUDIT_UNAVAILABLE',
      isTampered: true,
      message: expect.stringContaining('is not what was last written'),
    });
    expect(await state()).toEqual(before);
    await expect(log.check()).rejects.toMatchObject({ code: 'AUTH_AUDIT_UNAVAILABLE' });
  });

  it('are one: what is refused by the store leaves no entry, and nothing is written twice', async () => {
    const { auth, log, database } = await openAll();
    const { together } = log.record;
    expect(together?.database).toBe(database);
    expect(await together?.write({ type: 'x.done', actor: {} }, async () => false)).toBe(false);
    await expect(
      together?.write({ type: 'x.done', actor: {} }, () => Promise.reject(new TypeError('of the act'))),
    ).rejects.toThrow(TypeError);
    await Promise.all(['a', 'b', 'c'].map((name) => auth.issue({ name, grant: { actions: [] } }, auth.operator())));
    expect((await log.list()).map(({ type }) => type)).toEqual(['token.issued', 'token.issued', 'token.issued']);
    expect(await log.verify()).toMatchObject({ intact: true });
  });
});

describe('an act whose log is elsewhere', () => {
  it('comes after its entry, which is taken back when it was not made', async () => {
    const events: AuditEvent[] = [];
    const sink = async (event: AuditEvent) => void events.push(event);
    const event = { type: 'x.done', actor: {}, details: { a: 1 } };
    const seen: number[] = [];
    expect(await recordAct(sink, event, async () => seen.push(events.length) > 0, {})).toBe(true);
    expect(await recordAct(sink, event, async () => false, {})).toBe(false);
    await expect(recordAct(sink, event, () => Promise.reject(new TypeError('no')), {})).rejects.toThrow(TypeError);
    expect(seen).toEqual([1]);
    const undone = { ...event, details: { a: 1, made: false } };
    expect(events).toEqual([event, event, undone, event, undone]);
  });

  it('is not made in the transaction of a log on another database', async () => {
    const { database, log } = await openAll();
    const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey: key, audit: log.record });
    await auth.issue({ name: 'bot', grant: { actions: [] } }, auth.operator());
    expect(await log.list()).toMatchObject([{ type: 'token.issued' }]);
    const other = createAuditLog({ store: createMemoryAuditStore(), key });
    const stored = createAuth({
      vocabulary: llm,
      store: createKyselyTokenStore(database),
      digestKey: key,
      audit: other.record,
    });
    await stored.issue({ name: 'bot', grant: { actions: [] } }, stored.operator());
    expect(await other.list()).toMatchObject([{ type: 'token.issued' }]);
  });
});
