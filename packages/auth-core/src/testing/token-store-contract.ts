import { createAuth } from '../auth.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import {
  assertEqual,
  assertRejects,
  type ContractCase,
  type ContractCheck,
  type ContractOptions,
  createCases,
  type StoreSetup,
  within,
} from './contract-case.ts';
import { ENDED_TOKEN_CASES } from './ended-token-cases.ts';
import { fixedClock } from './fixed-clock.ts';
import { STORED_KEY_CASES } from './stored-key-cases.ts';
import { BARE, FULL, LATER } from './token-records.ts';

/** A place for tokens that starts empty. */
export type TokenStoreSetup = StoreSetup<TokenStore>;

/**
 * The requirements for every token store, as data that any test framework can run. Each case sets up its own place.
 *
 * @example
 * ```ts
 * import { createMemoryTokenStore } from '@latchkey/auth-core';
 * import { tokenStoreContract } from '@latchkey/auth-core/testing';
 *
 * const cases = tokenStoreContract(async () => {
 *   const store = createMemoryTokenStore();
 *   return { open: async () => store, dispose: async () => undefined };
 * });
 * for (const { run } of cases) await run(); // or: for (const { name, run } of cases) it(name, run);
 * ```
 */
export function tokenStoreContract(
  setUp: () => Promise<TokenStoreSetup>,
  { durable = false }: ContractOptions = {},
): readonly ContractCase[] {
  return createCases(durable ? { ...CASES, ...DURABLE_CASES } : CASES, setUp);
}

/** How long a store may take to report a change; far longer than it actually does. */
const WATCH_MILLISECONDS = 10_000;

const CASES: Readonly<Record<string, ContractCheck<TokenStore>>> = {
  async 'finds a token as it was inserted'(store) {
    assertEqual(await store.insert(FULL), true);
    assertEqual(await store.find(FULL.id), FULL);
  },
  async 'leaves out what a token leaves out'(store) {
    await store.insert(BARE);
    assertEqual(await store.find(BARE.id), BARE);
  },
  ...STORED_KEY_CASES,
  async 'finds nothing under an unknown id'(store) {
    await store.insert(FULL);
    for (const id of ['', 'aaaaaaaa', '%', '__proto__', "' or '1'='1", 'AAAAAAAA\u0000']) {
      assertEqual(await store.find(id), undefined);
    }
  },
  async 'refuses a second token with the same id'(store) {
    await store.insert(FULL);
    assertEqual(await store.insert({ ...BARE, id: FULL.id }), false);
    assertEqual(await store.find(FULL.id), FULL);
  },
  async 'updates the version that is expected'(store) {
    await store.insert(FULL);
    const { expiresAt: _, ...rest } = FULL;
    const changed: TokenRecord = { ...rest, name: 'renamed', grant: { actions: ['*'] }, version: 2 };
    assertEqual(await store.update(changed, 1), true);
    assertEqual(await store.find(FULL.id), changed);
  },
  async 'takes away with an update what the record leaves out'(store) {
    const lastUsedAt = '2027-02-01T00:00:00.000Z';
    await store.insert(FULL);
    assertEqual(await store.update({ ...BARE, id: FULL.id, version: 2 }, 1), true);
    assertEqual(await store.find(FULL.id), { ...BARE, id: FULL.id, lastUsedAt, version: 2 });
    assertEqual(await store.update({ ...FULL, version: 3 }, 2), true);
    assertEqual(await store.find(FULL.id), { ...FULL, lastUsedAt, version: 3 });
  },
  async 'leaves a token alone that has another version'(store) {
    await store.insert(FULL);
    assertEqual(await store.update({ ...FULL, name: 'late', version: 9 }, 8), false);
    assertEqual(await store.find(FULL.id), FULL);
  },
  async 'updates no token that is not there'(store) {
    assertEqual(await store.update(FULL, 1), false);
    assertEqual(await store.find(FULL.id), undefined);
  },
  async 'lets one of many changes to one version succeed'(store, setup) {
    const other = await setup.open();
    await store.insert(BARE);
    const names = Array.from({ length: 20 }, (_, index) => `writer ${index}`);
    const won = await Promise.all(
      names.map((name, index) => (index % 2 ? store : other).update({ ...BARE, name, version: 2 }, 1)),
    );
    assertEqual(won.filter(Boolean).length, 1);
    assertEqual((await store.find(BARE.id))?.name, names[won.indexOf(true)]);
  },
  async 'lets one of many tokens with one id in'(store, setup) {
    const other = await setup.open();
    const names = Array.from({ length: 20 }, (_, index) => `writer ${index}`);
    const won = await Promise.all(names.map((name, index) => (index % 2 ? store : other).insert({ ...BARE, name })));
    assertEqual(won.filter(Boolean).length, 1);
    assertEqual((await store.find(BARE.id))?.name, names[won.indexOf(true)]);
  },
  async 'shows a completed change to every connection'(store, setup) {
    const other = await setup.open();
    await store.insert(BARE);
    assertEqual(await other.find(BARE.id), BARE);
    const revoked = { ...BARE, revokedAt: LATER, version: 2 };
    await store.update(revoked, 1);
    assertEqual(await other.find(BARE.id), revoked);
  },
  async 'lists the oldest first, and by id where they are equally old'(store) {
    const twin = { ...FULL, id: 'CCCCCCCC' };
    for (const record of [BARE, twin, FULL]) await store.insert(record);
    assertEqual(await store.list({}), [FULL, twin, BARE]);
  },
  async 'orders ids by their characters, in every language'(store) {
    const ids = ['0', 'A', 'AAA', 'AAB', 'B', 'Z', '_', 'a', 'aAA', 'aB', 'b', 'z', 'ä'];
    for (const id of ids.toReversed()) await store.insert({ ...BARE, id });
    assertEqual(
      (await store.list({})).map(({ id }) => id),
      ids,
    );
  },
  async 'lists by owner and by project'(store) {
    const foreign = { ...FULL, id: 'CCCCCCCC', owner: 'grace' };
    for (const record of [FULL, BARE, foreign]) await store.insert(record);
    assertEqual(await store.list({ owner: 'ada' }), [FULL, BARE]);
    assertEqual(await store.list({ project: 'web' }), [FULL, foreign]);
    assertEqual(await store.list({ owner: 'grace', project: 'web' }), [foreign]);
    for (const owner of ['nobody', '', 'ADA', 'ada ', 'ad_', '%', 'ada\u0000']) {
      assertEqual(await store.list({ owner }), []);
    }
  },
  async 'lists what was derived from a token, directly'(store) {
    const child = { ...BARE, id: 'CCCCCCCC', parentId: BARE.id };
    const grandchild = { ...BARE, id: 'DDDDDDDD', parentId: child.id, owner: 'grace' };
    for (const record of [BARE, child, grandchild]) await store.insert(record);
    assertEqual(await store.list({ parentId: BARE.id }), [child]);
    assertEqual(await store.list({ parentId: child.id, owner: 'grace' }), [grandchild]);
    assertEqual(await store.list({ parentId: child.id, owner: 'ada' }), []);
    assertEqual(await store.list({ parentId: grandchild.id }), []);
    assertEqual(await store.list({ parentIds: [BARE.id, child.id, 'nothing'] }), [child, grandchild]);
    assertEqual(await store.list({ parentIds: [child.id] }), [grandchild]);
    assertEqual(await store.list({ parentIds: [] }), []);
  },
  async 'lists a part, behind a place at which there need not be a token'(store) {
    const ids = ['a', 'b', 'c', 'd'];
    const later = ids.map((id) => ({ ...BARE, id: `later ${id}`, createdAt: LATER, owner: 'grace' }));
    const records = [...ids.map((id) => ({ ...BARE, id })), ...later];
    for (const record of records.toReversed()) await store.insert(record);
    for (const [index, { createdAt, id }] of records.entries()) {
      const after = { createdAt, id };
      assertEqual(await store.list({ after }), records.slice(index + 1));
      assertEqual(await store.list({ after, limit: 2 }), records.slice(index + 1, index + 3));
      assertEqual(
        await store.list({ after, limit: 2, owner: 'grace' }),
        later.slice(Math.max(0, index - 3)).slice(0, 2),
      );
    }
    assertEqual(await store.list({ limit: 3 }), records.slice(0, 3));
    assertEqual(await store.list({ after: { createdAt: BARE.createdAt, id: 'bb' }, limit: 1 }), records.slice(2, 3));
  },
  async 'keeps its own copy of what goes in and comes out'(store) {
    const mine = structuredClone(BARE);
    await store.insert(mine);
    Object.assign(mine.grant, { actions: ['*'] });
    Object.assign((await store.find(BARE.id))?.grant ?? {}, { actions: ['*'] });
    Object.assign((await store.list({}))[0]?.grant ?? {}, { actions: ['*'] });
    assertEqual(await store.find(BARE.id), BARE);
  },
  async 'notes the last use and nothing else'(store) {
    await store.insert(BARE);
    await store.touch(new Map([[BARE.id, LATER]]));
    assertEqual(await store.find(BARE.id), { ...BARE, lastUsedAt: LATER });
  },
  async 'never moves the last use back'(store) {
    await store.insert(FULL);
    await store.touch(new Map([[FULL.id, '2026-01-01T00:00:00.000Z']]));
    assertEqual(await store.find(FULL.id), FULL);
  },
  async 'passes over the use of a token that it does not know'(store) {
    await store.insert(BARE);
    await store.touch(
      new Map([
        ['ZZZZZZZZ', LATER],
        [BARE.id, LATER],
      ]),
    );
    assertEqual(await store.find('ZZZZZZZZ'), undefined);
    assertEqual((await store.find(BARE.id))?.lastUsedAt, LATER);
  },
  async 'keeps the last use through a change'(store) {
    await store.insert(BARE);
    await store.touch(new Map([[BARE.id, LATER]]));
    await store.update({ ...BARE, name: 'renamed', version: 2 }, 1);
    assertEqual((await store.find(BARE.id))?.lastUsedAt, LATER);
  },
  async 'notes uses that are written at once, in whatever order'(store, setup) {
    const other = await setup.open();
    const ids = Array.from({ length: 20 }, (_, index) => `token ${index}`);
    for (const id of ids) await store.insert({ ...BARE, id });
    const uses = (order: readonly string[], minute: number): ReadonlyMap<string, string> =>
      new Map(order.map((id) => [id, new Date(Date.UTC(2027, 2, 1, 0, minute)).toISOString()]));
    await Promise.all(
      Array.from({ length: 20 }, (_, minute) =>
        minute % 2 ? store.touch(uses(ids, minute)) : other.touch(uses(ids.toReversed(), minute)),
      ),
    );
    const latest = (await store.list({})).map(({ lastUsedAt }) => lastUsedAt);
    assertEqual(new Set(latest).size, 1);
    assertEqual(latest[0], '2027-03-01T00:19:00.000Z');
  },
  async 'ends a revoked token within a second for each process that shares the store'(store, setup) {
    const clock = fixedClock();
    const digestKey = new Uint8Array(32).fill(7);
    const here = createAuth({ store, digestKey, clock });
    const elsewhere = createAuth({ store: await setup.open(), digestKey, clock, cacheMilliseconds: 1000 });
    const { token, record } = await here.issue({ name: 'ci-bot', grant: { actions: ['usage:read'] } }, here.operator());
    assertEqual((await elsewhere.verify(token)).name, 'ci-bot');
    await here.revoke(record.id, here.operator());
    clock.advance(1000);
    await assertRejects(() => elsewhere.verify(token));
    await elsewhere.close();
    await here.close();
  },
  async 'writes nothing unless the tokens that it stands on are as they were'(store) {
    const other = { ...BARE, id: 'CCCCCCCC' };
    await store.insert(BARE);
    await store.insert(other);
    const present = { id: BARE.id, version: 1 };
    for (const standing of [[{ id: BARE.id, version: 2 }], [present, { id: 'nobody', version: 1 }]]) {
      assertEqual(await store.insert({ ...BARE, id: 'DDDDDDDD' }, standing), false);
      assertEqual(await store.update({ ...other, name: 'changed', version: 2 }, 1, standing), false);
      assertEqual(await store.remove(other.id, 1, standing), false);
    }
    assertEqual(await store.list({}), [BARE, other]);
    assertEqual(await store.insert({ ...BARE, id: 'DDDDDDDD' }, [present]), true);
    assertEqual(await store.insert({ ...BARE, id: 'DDDDDDDD' }, [present]), false);
    assertEqual(await store.update({ ...BARE, name: 'changed', version: 2 }, 1, [present]), true);
    assertEqual(await store.update({ ...BARE, name: 'late', version: 3 }, 2, [present]), false);
    assertEqual(await store.remove(other.id, 1, [{ id: BARE.id, version: 2 }]), true);
  },
  async 'lets one of two changes succeed that stand on one another'(store, setup) {
    const other = await setup.open();
    for (let round = 0; round < 10; round++) {
      const [left, right] = [`left ${round}`, `right ${round}`];
      for (const id of [left, right]) await store.insert({ ...BARE, id });
      const change = (by: TokenStore, id: string, standing: string) =>
        by.update({ ...BARE, id, name: 'changed', version: 2 }, 1, [{ id: standing, version: 1 }]);
      const won = await Promise.all([change(store, left, right), change(other, right, left)]);
      assertEqual(won.filter(Boolean).length, 1);
    }
  },
  ...ENDED_TOKEN_CASES,
  async 'reports changes through any connection, and not uses, where it reports any'(store, setup) {
    if (store.watch === undefined) return;
    const other = await setup.open();
    const told: string[] = [];
    const { promise: last, resolve } = Promise.withResolvers<void>();
    const ended: string[] = [];
    const stop = await store.watch(async (changes) => {
      told.push(...changes.map(({ id }) => id));
      ended.push(...changes.filter((change) => change.ended).map(({ id }) => id));
      if (told.includes('last')) resolve();
    });
    await store.insert(BARE);
    await other.touch(new Map([[BARE.id, LATER]]));
    await other.update({ ...BARE, revokedAt: LATER, version: 2 }, 1);
    await other.update({ ...BARE, version: 9 }, 8);
    await other.insert(BARE);
    await other.insert({ ...BARE, id: 'last' });
    await within(WATCH_MILLISECONDS, last);
    assertEqual(told, [BARE.id, BARE.id, 'last']);
    assertEqual(ended, [BARE.id]);
    await stop();
    await store.update({ ...BARE, version: 3 }, 2);
    assertEqual(told.length, 3);
  },
  async 'rejects once it is closed'(store) {
    await store.insert(BARE);
    await store.close();
    await assertRejects(() => store.find(BARE.id));
    await assertRejects(() => store.list({}));
    await assertRejects(() => store.insert(FULL));
    await assertRejects(() => store.update(BARE, 1));
    await assertRejects(() => store.remove(BARE.id, 1));
    await assertRejects(() => store.endAll({ owner: 'ada', except: [], revokedAt: LATER }));
    await assertRejects(() => store.countDerived({ parentId: BARE.id, at: LATER, limit: 1 }));
    await assertRejects(() => store.forgetEnded(LATER));
    await assertRejects(() => store.touch(new Map([[BARE.id, LATER]])));
    if (store.watch !== undefined) await assertRejects(async () => store.watch?.(async () => undefined));
  },
};

const DURABLE_CASES: Readonly<Record<string, ContractCheck<TokenStore>>> = {
  async 'keeps everything when the one who wrote it has gone'(store, setup) {
    const revoked = { ...BARE, revokedAt: LATER, version: 2 };
    await store.insert(FULL);
    await store.insert(BARE);
    await store.update(revoked, 1);
    await store.touch(new Map([[BARE.id, LATER]]));
    await store.close();
    const again = await setup.open();
    assertEqual(await again.list({}), [FULL, { ...revoked, lastUsedAt: LATER }]);
    assertEqual(await again.insert(BARE), false);
    assertEqual(await again.update({ ...revoked, version: 3 }, 1), false);
    assertEqual(await again.update({ ...revoked, version: 3 }, 2), true);
  },
};
