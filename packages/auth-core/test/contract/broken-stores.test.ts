import { describe, expect, it } from 'vitest';
import { createMemoryTokenStore, type TokenRecord, type TokenStore } from '../../src/index.ts';
import { tokenStoreContract } from '../../src/testing/index.ts';

/** Stores that break one promise each, and the case of the contract that must notice. */
const BROKEN: [notice: string, change: (store: TokenStore) => Partial<TokenStore>][] = [
  ['finds a token as it was inserted', ({ find }) => ({ find: async (id) => withoutProject(await find(id)) })],
  ['leaves out what a token leaves out', ({ find }) => ({ find: async (id) => withNull(await find(id)) })],
  ['keeps the keys that it is used with, if it can', () => ({ readKeys: async () => undefined })],
  [
    'lets one of many changes of its keys in',
    ({ readKeys, replaceKeys }) => ({
      // Looks at the version first, and writes over whatever is there by then.
      async replaceKeys(keys, version) {
        if (((await readKeys?.())?.version ?? 0) !== version) return false;
        while (!(await replaceKeys?.(keys, (await readKeys?.())?.version ?? 0)));
        return true;
      },
    }),
  ],
  ['finds nothing under an unknown id', ({ find }) => ({ find: (id) => find(id.toUpperCase()) })],
  ['refuses a second token with the same id', () => ({ insert: async () => true })],
  ['updates the version that is expected', () => ({ update: async () => true })],
  [
    'takes away with an update what the record leaves out',
    ({ update, find }) => ({
      update: async (record, version) => update({ ...(await find(record.id)), ...record }, version),
    }),
  ],
  [
    'leaves a token alone that has another version',
    ({ update, find }) => ({
      update: async (record) => update(record, (await find(record.id))?.version ?? 0),
    }),
  ],
  ['updates no token that is not there', () => ({ update: async () => true })],
  [
    'lets one of many changes to one version succeed',
    ({ update, find }) => ({
      // Looks at the version first, and writes over whatever is there by then.
      async update(record, version) {
        if ((await find(record.id))?.version !== version) return false;
        while (!(await update(record, (await find(record.id))?.version ?? 0)));
        return true;
      },
    }),
  ],
  [
    'lets one of many tokens with one id in',
    ({ insert, find }) => ({
      async insert(record) {
        const free = (await find(record.id)) === undefined;
        await insert(record);
        return free;
      },
    }),
  ],
  ['shows a completed change to every connection', () => createMemoryTokenStore()],
  [
    'lists the oldest first, and by id where they are equally old',
    ({ list }) => ({ list: async (filter) => (await list(filter)).reverse() }),
  ],
  [
    'orders ids by their characters, in every language',
    ({ list }) => ({
      list: async (filter) => (await list(filter)).sort((left, right) => left.id.localeCompare(right.id, 'en')),
    }),
  ],
  ['lists by owner and by project', ({ list }) => ({ list: () => list({}) })],
  [
    'lists what was derived from a token, directly',
    ({ list }) => ({ list: ({ parentId: _, ...filter }) => list(filter) }),
  ],
  [
    'lists a part, behind a place at which there need not be a token',
    ({ list }) => ({
      async list({ after, limit, ...filter }) {
        const all = await list(filter);
        const place = all.findIndex(({ id }) => id === after?.id);
        return all.slice(place + 1, limit && place + 1 + limit);
      },
    }),
  ],
  ['keeps its own copy of what goes in and comes out', rememberFound],
  ['notes the last use and nothing else', () => ({ touch: async () => undefined })],
  [
    'never moves the last use back',
    ({ find }) => ({
      find: async (id) => {
        const record = await find(id);
        return record?.lastUsedAt === undefined ? record : { ...record, lastUsedAt: '2026-01-01T00:00:00.000Z' };
      },
    }),
  ],
  [
    'passes over the use of a token that it does not know',
    ({ touch, find }) => ({
      async touch(uses) {
        for (const id of uses.keys()) if ((await find(id)) === undefined) return;
        await touch(uses);
      },
    }),
  ],
  [
    'keeps the last use through a change',
    ({ find }) => ({
      async find(id) {
        const { lastUsedAt, ...record } = (await find(id)) ?? missing();
        return record.version > 1 || lastUsedAt === undefined ? record : { ...record, lastUsedAt };
      },
    }),
  ],
  [
    'notes uses that are written at once, in whatever order',
    ({ touch }) => ({ touch: async (uses) => touch(new Map([...uses].slice(0, 19))) }),
  ],
  [
    'ends a revoked token within a second for each process that shares the store',
    ({ find }) => ({
      async find(id) {
        const { revokedAt: _, ...record } = (await find(id)) ?? missing();
        return record;
      },
    }),
  ],
  [
    'writes nothing unless the tokens that it stands on are as they were',
    ({ insert, update, remove }) => ({
      insert: (record) => insert(record),
      update: (record, version) => update(record, version),
      remove: (id, version) => remove(id, version),
    }),
  ],
  [
    'lets one of two changes succeed that stand on one another',
    ({ update, find }) => ({
      // Looks at them first, and writes whatever they are by then.
      async update(record, version, standing = []) {
        for (const token of standing) if ((await find(token.id))?.version !== token.version) return false;
        return update(record, version);
      },
    }),
  ],
  [
    'ends all tokens of an owner, of a project or of both, and returns them as they are then',
    ({ endAll }) => ({ endAll: (query, choose) => endAll({ ...query, except: [] }, choose) }),
  ],
  [
    'ends of them only those that are chosen, however many there are',
    ({ endAll }) => ({ endAll: (query) => endAll(query) }),
  ],
  [
    'leaves nothing of what tokens make while they are being ended',
    ({ list, find, update }) => ({
      async endAll({ revokedAt, ...query }) {
        const ended: TokenRecord[] = [];
        for (const { id } of await list(query)) {
          const record = (await find(id)) ?? missing();
          const revoked = { ...record, revokedAt, version: record.version + 1 };
          if (await update(revoked, record.version)) ended.push(revoked);
        }
        return ended;
      },
    }),
  ],
  [
    'leaves nothing of what a token makes while it is chosen which to end',
    ({ list, find, endAll }) => ({
      async endAll(query, choose) {
        const chosen = await choose?.(await list(query), find);
        return endAll(query, chosen && (async () => chosen));
      },
    }),
  ],
  [
    'removes a token of the expected version, with all that was derived from it',
    ({ remove, list, find, update }) => ({
      async remove(id, version) {
        const [child] = await list({ parentId: id });
        if (child !== undefined && (await find(id))?.version === version) {
          const { parentId: _, ...orphan } = child;
          await update({ ...orphan, version: child.version + 1 }, child.version);
        }
        return remove(id, version);
      },
    }),
  ],
  [
    'counts what works of what was derived from a token, by whatever way',
    ({ list }) => ({ countDerived: async ({ parentId }) => (await list({ parentId })).length }),
  ],
  ['forgets what was derived and has ended, and nothing that still ends another', forgetTooMuch],
  ['reports changes through any connection, and not uses, where it reports any', tellOfUses],
  ['rejects once it is closed', () => ({ close: async () => undefined })],
  ['keeps everything when the one who wrote it has gone', () => createMemoryTokenStore()],
];

function missing(): never {
  throw new Error('there is no such token');
}

/** Reads each token once, and gives the same object to everybody. */
function rememberFound({ find }: TokenStore): Partial<TokenStore> {
  const found = new Map<string, Promise<TokenRecord | undefined>>();
  return {
    find(id) {
      const record = found.get(id) ?? find(id);
      found.set(id, record);
      return record;
    },
  };
}

const listeners = new Set<Parameters<NonNullable<TokenStore['watch']>>[0]>();

/** Tells of everything, uses too. */
function tellOfUses({ insert, update, touch }: TokenStore): Partial<TokenStore> {
  const tell = (id: string, ended = false) => {
    for (const listener of listeners) void listener([{ id, ended }]);
  };
  return {
    async watch(listener) {
      listeners.add(listener);
      return async () => void listeners.delete(listener);
    },
    async insert(record) {
      const done = await insert(record);
      if (done) tell(record.id);
      return done;
    },
    async update(record, version) {
      const done = await update(record, version);
      if (done) tell(record.id, record.revokedAt !== undefined);
      return done;
    },
    async touch(uses) {
      await touch(uses);
      for (const id of uses.keys()) tell(id);
    },
  };
}

/** Forgets whatever was revoked. */
function forgetTooMuch({ list, forgetEnded }: TokenStore): Partial<TokenStore> {
  let forgotten = '';
  return {
    async forgetEnded(before) {
      forgotten = before;
      await forgetEnded(before);
    },
    list: async (query) =>
      (await list(query)).filter(
        ({ parentId, revokedAt }) => parentId === undefined || (revokedAt ?? 'z') >= forgotten,
      ),
  };
}

function withoutProject(record: TokenRecord | undefined): TokenRecord | undefined {
  if (record === undefined) return undefined;
  const { project: _, ...rest } = record;
  return rest;
}

function withNull(record: TokenRecord | undefined): TokenRecord | undefined {
  return record && { ...record, project: record.project ?? (undefined as never) };
}

describe('the contract of token stores', () => {
  it('is broken in each of its cases by some store', () => {
    const names = tokenStoreContract(async () => Promise.reject(), { durable: true }).map(({ name }) => name);
    expect(BROKEN.map(([notice]) => notice)).toEqual(names);
  });

  it.each(BROKEN)('notices a store that breaks: %s', async (notice, change) => {
    const setUp = async () => {
      const store = createMemoryTokenStore();
      return { open: async () => ({ ...store, ...change(store) }), dispose: () => store.close() };
    };
    const cases = tokenStoreContract(setUp, { durable: true });
    await expect(cases.find(({ name }) => name === notice)?.run()).rejects.toThrow();
  });
});
