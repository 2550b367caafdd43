import type { ChooseTokens, TokenRecord, TokenStore } from '../token/token-store.ts';
import { assertEqual, type ContractCheck } from './contract-case.ts';
import { BARE, FULL, LATER } from './token-records.ts';

/** A store that lets tokens in for ever must come to an end, too. */
const MOST_MADE = 2000;

/** How often a choice looks at a token: long enough for a write that waits for nothing. */
const LOOKS = 20;

const chooseAll: ChooseTokens = async (tokens) => tokens.map(({ id }) => id);

/** The requirements for a token store about tokens that end together, and what was derived from tokens. */
export const ENDED_TOKEN_CASES: Readonly<Record<string, ContractCheck<TokenStore>>> = {
  async 'ends all tokens of an owner, of a project or of both, and returns them as they are then'(store) {
    const foreign = { ...BARE, id: 'foreign', owner: 'grace', project: 'web' };
    const own = { ...BARE, id: 'own', project: 'web', createdAt: LATER };
    const spared = { ...own, id: 'spared' };
    const ended = { ...own, id: 'ended', revokedAt: BARE.createdAt };
    const all = [BARE, foreign, own, spared, ended];
    for (const record of all) await store.insert(record);
    const revokedAt = '2027-04-01T00:00:00.000Z';
    const query = { except: ['spared', 'nothing'], revokedAt };
    const after = (record: TokenRecord): TokenRecord => ({ ...record, revokedAt, version: 2 });
    for (const owner of ['nothing', '', 'ADA', 'ad_', '%', 'ada\u0000']) {
      assertEqual(await store.endAll({ ...query, owner }), []);
    }
    assertEqual(await store.endAll({ ...query, owner: 'ada', project: 'web' }), [after(own)]);
    assertEqual(await store.endAll({ ...query, owner: 'ada' }), [after(BARE)]);
    assertEqual(await store.endAll({ ...query, project: 'web' }), [after(foreign)]);
    assertEqual(await store.endAll({ ...query, owner: 'ada' }), []);
    const left = await store.list({});
    assertEqual(
      left,
      [BARE, foreign, ended, own, spared].map((record) =>
        record === spared || record === ended ? record : after(record),
      ),
    );
  },
  async 'ends of them only those that are chosen, however many there are'(store) {
    const ids = Array.from({ length: 1100 }, (_, index) => `token ${String(index).padStart(4, '0')}`);
    for (const id of ids) await store.insert({ ...BARE, id });
    const seen: string[] = [];
    const ended = await store.endAll({ owner: 'ada', except: [], revokedAt: LATER }, async (tokens, find) => {
      seen.push(...tokens.map(({ id }) => id));
      assertEqual(await find(BARE.id), undefined);
      assertEqual(await find(ids[0] ?? ''), tokens[0]?.id === ids[0] ? tokens[0] : await store.find(ids[0] ?? ''));
      return [...tokens.filter(({ id }) => id.endsWith('7')).map(({ id }) => id), 'nothing'];
    });
    assertEqual(seen.toSorted(), ids);
    const chosen = ids.filter((id) => id.endsWith('7'));
    assertEqual(
      ended.map(({ id, revokedAt }) => [id, revokedAt]),
      chosen.map((id) => [id, LATER]),
    );
    const revoked = (await store.list({})).filter(({ revokedAt }) => revokedAt !== undefined);
    assertEqual(
      revoked.map(({ id }) => id),
      chosen,
    );
  },
  async 'leaves nothing of what tokens make while they are being ended'(store, setup) {
    const other = await setup.open();
    for (let round = 0; round < 5; round++) {
      const owner = `owner ${round}`;
      let last: TokenRecord = { ...BARE, id: `${round} first`, owner };
      await store.insert(last);
      const making = (async () => {
        for (let count = 0; count < MOST_MADE; count++) {
          const next = { ...BARE, id: `${round} ${count}`, owner };
          if (!(await other.insert(next, [{ id: last.id, version: 1 }]))) return;
          last = next;
        }
      })();
      while ((await store.list({ owner })).length < 3);
      await store.endAll({ owner, except: [], revokedAt: LATER }, round % 2 ? undefined : chooseAll);
      await making;
      const live = (await store.list({ owner })).filter(({ revokedAt }) => revokedAt === undefined);
      assertEqual(live, []);
    }
  },
  async 'leaves nothing of what a token makes while it is chosen which to end'(store, setup) {
    const other = await setup.open();
    await store.insert(BARE);
    const { promise: isChoosing, resolve: beginChoosing } = Promise.withResolvers<void>();
    const inserting = isChoosing.then(() =>
      other.insert({ ...BARE, id: 'made meanwhile' }, [{ id: BARE.id, version: 1 }]),
    );
    await store.endAll({ owner: 'ada', except: [], revokedAt: LATER }, async (tokens, find) => {
      beginChoosing();
      for (let looks = 0; looks < LOOKS; looks++) await find(BARE.id);
      return chooseAll(tokens, find);
    });
    await inserting;
    const live = (await store.list({ owner: 'ada' })).filter(({ revokedAt }) => revokedAt === undefined);
    assertEqual(live, []);
  },
  async 'removes a token of the expected version, with all that was derived from it'(store) {
    const child = { ...BARE, id: 'CCCCCCCC', parentId: BARE.id };
    const grandchild = { ...BARE, id: 'DDDDDDDD', parentId: child.id };
    for (const record of [FULL, BARE, child, grandchild]) await store.insert(record);
    assertEqual(await store.remove(BARE.id, 2), false);
    assertEqual(await store.remove('nobody', 1), false);
    assertEqual((await store.list({})).length, 4);
    assertEqual(await store.remove(BARE.id, 1), true);
    assertEqual(await store.list({}), [FULL]);
    assertEqual(await store.remove(BARE.id, 1), false);
  },
  async 'counts what works of what was derived from a token, by whatever way'(store) {
    const at = LATER;
    const derived = (id: string, parentId: string, details: Partial<TokenRecord> = {}): TokenRecord => ({
      ...BARE,
      id,
      parentId,
      ...details,
    });
    const records = [
      BARE,
      derived('own', BARE.id, { createdBy: BARE.id }),
      derived('of own', 'own', { createdBy: 'own', expiresAt: '2028-01-01T00:00:00.000Z' }),
      derived('of that', 'of own'),
      derived('by way', BARE.id, { caveats: [{ grant: BARE.grant, source: 'caveat', id: 'way' }] }),
      derived('by another way', BARE.id, { caveats: [{ grant: BARE.grant, source: 'way', id: 'another way' }] }),
      derived('revoked', BARE.id, { revokedAt: BARE.createdAt }),
      derived('of revoked', 'revoked'),
      derived('expired', BARE.id, { expiresAt: at }),
      derived('of expired', 'expired'),
    ];
    for (const record of records) await store.insert(record);
    const count = (query: object) => store.countDerived({ parentId: BARE.id, at, limit: 100, ...query });
    assertEqual(await count({}), 5);
    assertEqual(await count({ limit: 4 }), 4);
    assertEqual(await count({ through: 'way' }), 1);
    assertEqual(await count({ createdBy: BARE.id }), 1);
    assertEqual(await count({ parentId: 'own' }), 2);
    assertEqual(await count({ parentId: 'of that' }), 0);
    assertEqual(await count({ parentId: 'nobody' }), 0);
  },
  async 'forgets what was derived and has ended, and nothing that still ends another'(store) {
    const before = LATER;
    const ended = { ...BARE, parentId: BARE.id, revokedAt: BARE.createdAt } as const;
    const over = { expiresAt: '2027-01-03T00:00:00.000Z' };
    const caveats = [{ grant: BARE.grant, source: 'access token', id: 'access that is named' }];
    const kept: readonly TokenRecord[] = [
      BARE,
      { ...BARE, id: 'revoked root', revokedAt: BARE.createdAt },
      { ...ended, id: 'attenuated', kind: 'attenuated' },
      { ...ended, id: 'attenuated until later', kind: 'attenuated', expiresAt: '2028-01-01T00:00:00.000Z' },
      { ...ended, id: 'access that is named', kind: 'access', ...over },
      { ...BARE, id: 'key', parentId: BARE.id, caveats },
      { ...BARE, id: 'key that ended later', parentId: BARE.id, revokedAt: before },
    ];
    const forgotten: readonly TokenRecord[] = [
      { ...ended, id: 'access', kind: 'access', ...over },
      { ...ended, id: 'attenuated that has expired', kind: 'attenuated', ...over },
      { ...ended, id: 'revoked key' },
      { ...BARE, id: 'expired key', parentId: BARE.id, ...over },
      { ...BARE, id: 'of revoked', parentId: 'revoked key' },
      { ...BARE, id: 'of that', parentId: 'of revoked' },
      { ...BARE, id: 'of nobody', parentId: 'nobody' },
    ];
    for (const record of [...kept, ...forgotten]) await store.insert(record);
    await store.forgetEnded(before);
    const left = (await store.list({})).map(({ id }) => id);
    assertEqual(left.toSorted(), kept.map(({ id }) => id).toSorted());
  },
};
