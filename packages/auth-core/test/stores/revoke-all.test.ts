import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Auth,
  createAuditLog,
  createAuth,
  createMemoryAuditStore,
  createMemoryTokenStore,
  type Grant,
  type IssuedToken,
  type TokenStore,
} from '../../src/index.ts';
import { createKyselyAuditStore, createKyselyTokenStore } from '../../src/stores/kysely/index.ts';
import { type SqlSetup, sqlPlaces } from '../contract/places.ts';
import { FULL_GRANT, llm } from '../words.ts';

const digestKey = new Uint8Array(32).fill(3);
const THIEF: Grant = { actions: ['chat', 'tokens:write'], models: ['ibm/*'] };
const LIMITED: Grant = { actions: ['chat', 'tokens:read', 'tokens:write'], models: ['ibm/*'] };

const memory = {
  name: 'memory',
  async setUp(): Promise<SqlSetup<TokenStore>> {
    const store = createMemoryTokenStore();
    return { program: '', open: async () => store, dispose: () => store.close() };
  },
};
const places = [
  memory,
  ...(await sqlPlaces()).map(({ name, setUp }) => ({
    name,
    setUp: () => setUp((database, watch) => createKyselyTokenStore(database, watch && { watch })),
  })),
];

/**
 * Makes a token from the last one, and so on, and reports each; returns all that it has got. It goes on until it is
 * refused, or has found that it is not: three times after `isOver`.
 */
async function steal(auth: Auth, first: IssuedToken, onStolen: () => void, isOver: () => boolean): Promise<string[]> {
  const tokens = [first.token];
  for (let late = 0; late < 3; late += Number(isOver())) {
    try {
      const by = await auth.verify(tokens.at(-1));
      tokens.push((await auth.issue({ name: `stolen ${tokens.length}`, grant: THIEF }, by)).token);
      onStolen();
    } catch {
      break;
    }
  }
  return tokens;
}

describe.each(places)('revokeAll, on $name', ({ setUp }) => {
  let place: SqlSetup<TokenStore>;
  beforeEach(async () => {
    place = await setUp();
  });
  afterEach(() => place.dispose());

  const open = async () => createAuth({ vocabulary: llm, store: await place.open(), digestKey, cacheMilliseconds: 0 });

  it.each([
    ['by the operator', undefined],
    ['by a token that covers them', LIMITED],
    ['by an administrator', FULL_GRANT],
  ])('leaves nothing of what is made meanwhile, %s', async (_, grant) => {
    const [here, elsewhere] = [await open(), await open()];
    const operator = here.operator();
    const by =
      grant && (await here.verify((await here.issue({ name: 'admin', owner: 'admins', grant }, operator)).token));
    const stealing = [];
    const many = Promise.withResolvers<void>();
    let stolen = 0;
    let isOver = false;
    const onStolen = () => {
      if (++stolen === 10) many.resolve();
    };
    for (let count = 0; count < 5; count++) {
      const first = await here.issue({ name: 'first', owner: 'thief', grant: THIEF }, operator);
      stealing.push(steal(elsewhere, first, onStolen, () => isOver));
    }
    await many.promise;
    await here.revokeAll({ owner: 'thief' }, by ?? operator);
    isOver = true;
    const tokens = (await Promise.all(stealing)).flat();
    expect(tokens.length).toBeGreaterThanOrEqual(15);
    const fresh = await open();
    for (const token of tokens) await expect(fresh.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    const another = await here.issue({ name: 'after', owner: 'thief', grant: THIEF }, operator);
    expect((await fresh.verify(another.token)).owner).toBe('thief');
  });

  it('ends all of a project, of whatever owner, and nothing else', async () => {
    const auth = await open();
    const make = (owner: string, project?: string) =>
      auth.issue({ name: 'bot', owner, grant: THIEF, ...(project && { project }) }, auth.operator());
    const [ada, grace, none] = [await make('ada', 'web'), await make('grace', 'web'), await make('ada')];
    // PostgreSQL tells every listener, also where it was revoked.
    const told = new Set<string>();
    auth.onRevoked((id) => told.add(id));
    const revoked = await auth.revokeAll({ project: 'web' }, auth.operator());
    const ended = [ada.record.id, grace.record.id].sort();
    expect(revoked.map(({ id }) => id).sort()).toEqual(ended);
    expect([...told].sort()).toEqual(ended);
    expect((await auth.verify(none.token)).owner).toBe('ada');
  });

  it('tells the listeners of other processes, where the store can', async () => {
    const here = createAuth({ vocabulary: llm, store: await place.open(), digestKey });
    const store = await place.open();
    if (store.watch === undefined) return;
    const there = createAuth({ vocabulary: llm, store, digestKey });
    const told: string[] = [];
    there.onRevoked((id) => told.push(id));
    const ids: string[] = [];
    for (let count = 0; count < 50; count++) {
      ids.push((await here.issue({ name: 'bot', owner: 'ada', grant: THIEF }, here.operator())).record.id);
    }
    await here.revokeAll({ owner: 'ada' }, here.operator());
    await expect.poll(() => new Set(told), { timeout: 10_000 }).toEqual(new Set(ids));
    await there.close();
  });
});

describe.each(await sqlPlaces())('revokeAll with its entry, on $name', ({ setUp }) => {
  it('is one entry with their number, in one transaction with them', async () => {
    const place = await setUp((database) => database);
    try {
      const database = await place.open();
      const log = createAuditLog({ store: createKyselyAuditStore(database), key: digestKey });
      const auth = createAuth({
        vocabulary: llm,
        store: createKyselyTokenStore(database),
        digestKey,
        audit: log.record,
      });
      for (let count = 0; count < 3; count++)
        await auth.issue({ name: 'bot', owner: 'ada', grant: THIEF }, auth.operator());
      const [{ revokedAt } = { revokedAt: '' }] = await auth.revokeAll({ owner: 'ada' }, auth.operator());
      const entries = await log.list({ type: 'tokens.revoked' });
      expect(entries).toMatchObject([{ subject: 'owner ada', details: { owner: 'ada', count: 3, revokedAt } }]);
      await auth.revokeAll({ owner: 'ada' }, auth.operator());
      expect(await log.list({ type: 'tokens.revoked' })).toHaveLength(1);
      expect(await log.list({ type: 'token.revoked' })).toEqual([]);
    } finally {
      await place.dispose();
    }
  });
});

describe('revokeAll with a log of its own', () => {
  it('is recorded after it, and again while the log does not answer', async () => {
    const audit = createMemoryAuditStore();
    const log = createAuditLog({ store: audit, key: digestKey });
    let failing = false;
    const auth = createAuth({
      vocabulary: llm,
      store: createMemoryTokenStore(),
      digestKey,
      audit: (event) => (failing ? Promise.reject(new Error('disk full')) : log.record(event)),
    });
    const { token } = await auth.issue({ name: 'bot', owner: 'ada', grant: THIEF }, auth.operator());
    failing = true;
    expect(await auth.revokeAll({ owner: 'ada' }, auth.operator())).toMatchObject([{ stored: true }]);
    await expect(auth.verify(token)).rejects.toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    failing = false;
    await expect.poll(() => log.list({ type: 'tokens.revoked' })).toMatchObject([{ details: { count: 1 } }]);
  });
});
