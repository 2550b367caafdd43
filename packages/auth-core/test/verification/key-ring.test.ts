import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  attenuateToken,
  createApiKeyFormat,
  createAttenuatedFormat,
  createAuth,
  createCustomKeyFormat,
  createLegacyFormat,
  createMemoryTokenStore,
  defineVocabulary,
  type TokenStore,
  WrongKeyError,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';

const [OLD, NEW, NEWER] = [1, 2, 3].map((fill) => new Uint8Array(32).fill(fill)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const GRANT = { actions: ['usage:read', 'tokens:read'] } as const;
const CUSTOM = 'vT9qLm2xWz7RbKd4HsYc';

function open(store: TokenStore, ...digestKey: Uint8Array[]) {
  const formats = [createApiKeyFormat(), createLegacyFormat(), createAttenuatedFormat(), createCustomKeyFormat()];
  // Closing it would empty a store in memory.
  return createAuth({
    store: { ...store, close: async () => undefined },
    digestKey,
    formats,
    clock: fixedClock(),
    cacheMilliseconds: 0,
  });
}

async function issueAll(store: TokenStore, ...digestKey: Uint8Array[]) {
  const auth = open(store, ...digestKey);
  const made = await Promise.all([
    auth.issue({ name: 'api', grant: GRANT }, auth.operator()),
    auth.issue({ name: 'legacy', kind: 'legacy', grant: GRANT }, auth.operator()),
    auth.issue({ name: 'custom', kind: 'custom', secret: CUSTOM, grant: GRANT }, auth.operator()),
  ]);
  return made.map(({ token }, index) => ({ token: index === 2 ? CUSTOM : token, id: made[index]?.record.id ?? '' }));
}

/** What is stored as an earlier version did: with one key, and without its name. */
async function asEarlier(store: TokenStore): Promise<TokenStore> {
  const records = await store.list({});
  const earlier = createMemoryTokenStore();
  const bare = (text: string) => text.slice(text.indexOf(':') + 1);
  for (const record of records) {
    const { digest, attenuationKey = '', sealed } = record;
    const kept = {
      digest: bare(digest),
      attenuationKey: bare(attenuationKey),
      ...(sealed && { sealed: bare(sealed) }),
    };
    await earlier.insert({ ...record, ...kept });
  }
  return earlier;
}

const keyIn = (text = '') => text.split(':')[0];

describe('the digest key', () => {
  it('is changed without an end for any token, and each moves to the new one at its next use', async () => {
    const store = createMemoryTokenStore();
    const tokens = await issueAll(store, OLD);
    const auth = open(store, NEW, OLD);
    expect((await auth.keys()).map(({ tokens }) => tokens)).toEqual([0, 3]);
    for (const { token } of tokens) await auth.verify(token);
    expect(await auth.keys()).toEqual([
      { id: expect.any(String), isCurrent: true, tokens: 3 },
      { id: expect.any(String), isCurrent: false, tokens: 0 },
    ]);
    const [{ id } = { id: '' }] = await auth.keys();
    for (const { digest, attenuationKey, sealed } of await store.list({})) {
      for (const text of [digest, attenuationKey, sealed ?? attenuationKey]) expect(keyIn(text)).toBe(id);
    }
  });

  it('is named by each stored digest and seal', async () => {
    const store = createMemoryTokenStore();
    await issueAll(store, OLD);
    const [{ id } = { id: '' }] = await open(store, OLD).keys();
    expect(id).toMatch(/^[0-9a-f]{8}$/);
    for (const record of await store.list({})) {
      expect(keyIn(record.digest)).toBe(id);
      expect(keyIn(record.attenuationKey)).toBe(id);
      if (record.kind === 'legacy') expect(keyIn(record.sealed)).toBe(id);
    }
  });

  it('is dropped when nothing is left on it: what was used since works with the new one alone', async () => {
    const store = createMemoryTokenStore();
    const tokens = await issueAll(store, OLD);
    const auth = open(store, NEW, OLD);
    for (const { token } of tokens) await auth.verify(token);
    const [{ id } = { id: '' }] = await auth.keys();
    const known = await store.readKeys?.();
    await store.replaceKeys?.({ ids: [id], idKey: known?.idKey ?? '', version: 3 }, 2);
    const after = open(store, NEW);
    for (const { token, id: tokenId } of tokens) expect(await after.verify(token)).toMatchObject({ id: tokenId });
    const [, legacy] = tokens;
    expect(await after.reveal(legacy?.id ?? '', after.operator())).toBe(legacy?.token);
  });

  it('leaves tokens alone that were not used, and their former secrets', async () => {
    const store = createMemoryTokenStore();
    const before = open(store, OLD);
    const { record, token } = await before.issue({ name: 'rotated', grant: GRANT }, before.operator());
    await before.rotate(record.id, { overlap: { seconds: 60 } }, before.operator());
    const auth = open(store, NEW, OLD);
    await auth.verify(token);
    const stored = await store.find(record.id);
    const [{ id } = { id: '' }, { id: former } = { id: '' }] = await auth.keys();
    expect([keyIn(stored?.digest), keyIn(stored?.previous?.digest)]).toEqual([former, id]);
    expect((await auth.keys()).map(({ tokens }) => tokens)).toEqual([1, 1]);
  });

  it('moves a former secret that is used, and not the one before it', async () => {
    const store = createMemoryTokenStore();
    const before = open(store, OLD);
    const { record, token } = await before.issue({ name: 'rotated', grant: GRANT }, before.operator());
    const rotate = async (overlap: 'until-first-use' | { seconds: number }) =>
      (await before.rotate(record.id, { overlap }, before.operator())).token;
    const between = await rotate({ seconds: 60 });
    await rotate({ seconds: 60 });
    const namesOf = async () => {
      const { digest, previous } = (await store.find(record.id)) ?? {};
      return [digest, previous?.digest, previous?.previous?.digest].map((text) => text?.split(':')[0]);
    };
    const [old] = await namesOf();
    const auth = open(store, NEW, OLD);
    await auth.verify(between);
    const [, moved] = await namesOf();
    expect(moved).not.toBe(old);
    expect(await namesOf()).toEqual([old, moved, old]);
    expect((await auth.verify(token)).id).toBe(record.id);
    expect(await namesOf()).toEqual([old, moved, moved]);
  });

  it('serves what an earlier version has stored without a name, and names it when there are two', async () => {
    const issued = createMemoryTokenStore();
    // Earlier versions made the ids of custom keys with the digest key itself.
    const tokens = (await issueAll(issued, OLD)).filter(({ token }) => token !== CUSTOM);
    const store = await asEarlier(issued);
    for (const { token } of tokens) await open(store, OLD).verify(token);
    expect((await store.list({})).every(({ digest }) => !digest.includes(':'))).toBe(true);
    const auth = open(store, NEW, OLD);
    expect((await auth.keys()).map(({ tokens }) => tokens)).toEqual([0, 3]);
    for (const { token } of tokens) await auth.verify(token);
    expect((await auth.keys()).map(({ tokens }) => tokens)).toEqual([2, 1]);
  });

  it('finds a custom key of an earlier version, whose id was made with the key of that time', async () => {
    const store = createMemoryTokenStore();
    const commitment = createHmac('sha256', CUSTOM).update('latchkey commitment').digest('hex');
    const id = createHmac('sha256', OLD).update(`id of custom:${commitment}`).digest('hex').slice(0, 16);
    const digest = createHmac('sha256', OLD).update(`custom:${id}:${CUSTOM}`).digest('hex');
    const createdAt = '2027-01-01T00:00:00.000Z';
    await store.insert({
      id,
      kind: 'custom',
      name: 'c',
      digest,
      grant: GRANT,
      owner: 'o',
      createdAt,
      createdBy: 'x',
      version: 1,
    });
    for (const ring of [[OLD], [NEW, OLD]] as const) {
      expect(await open(store, ...ring).verify(CUSTOM)).toMatchObject({ id });
    }
  });

  it.each<[string, readonly (readonly Uint8Array[])[]]>([
    [
      'begins with the new one as a further key',
      [
        [OLD, NEW],
        [NEW, OLD],
      ],
    ],
    ['begins with the new one as the present key', [[NEW, OLD]]],
  ])('serves all tokens of an earlier version when its change %s', async (_, rings) => {
    // The ids of custom keys are then made with the digest key, as in earlier versions.
    const { readKeys: __, replaceKeys: ___, ...earlier } = createMemoryTokenStore();
    const tokens = await issueAll(earlier, OLD);
    const store = await asEarlier(earlier);
    for (const ring of rings) {
      for (const { token, id } of tokens) expect(await open(store, ...ring).verify(token)).toMatchObject({ id });
    }
    expect((await store.readKeys?.())?.ids).toHaveLength(2);
    await expect(open(store, NEW).verify(CUSTOM)).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
  });

  it('does not move a principal that is at work: it may go on', async () => {
    const store = createMemoryTokenStore();
    const [api] = await issueAll(store, OLD);
    const elsewhere = await open(store, OLD).verify(api?.token);
    const auth = open(store, NEW, OLD);
    await auth.verify(api?.token);
    expect(await auth.refresh(elsewhere)).toMatchObject({ id: api?.id });
    await open(store, NEWER, NEW, OLD).verify(api?.token);
    expect(await open(store, NEWER, NEW, OLD).refresh(elsewhere)).toMatchObject({ id: api?.id });
  });

  it('is not changed back by a process that has the new one as a further key', async () => {
    const store = createMemoryTokenStore();
    const [api] = await issueAll(store, OLD);
    await open(store, NEW, OLD).verify(api?.token);
    const version = (await store.find(api?.id ?? ''))?.version;
    const lagging = open(store, OLD, NEW);
    await lagging.verify(api?.token);
    expect((await store.find(api?.id ?? ''))?.version).toBe(version);
    const { token } = await lagging.issue({ name: 'late', grant: GRANT }, lagging.operator());
    await open(store, NEW, OLD).verify(token);
  });

  it('puts no secret in the place of another when the token is rotated meanwhile', async () => {
    const store = createMemoryTokenStore();
    const lagging = open(store, OLD, NEW);
    const { record } = await lagging.issue({ name: 'rotated', grant: GRANT }, lagging.operator());
    await open(store, NEW, OLD).keys();
    const { token: used } = await lagging.rotate(record.id, { overlap: 'until-first-use' }, lagging.operator());
    let rotated: string | undefined;
    const auth = open(
      {
        ...store,
        async update(...change) {
          rotated ??= (await lagging.rotate(record.id, {}, lagging.operator())).token;
          return store.update(...change);
        },
      },
      NEW,
      OLD,
    );
    // It was still valid when it was read.
    await auth.verify(used);
    expect(await auth.verify(rotated)).toMatchObject({ id: record.id });
    await expect(auth.verify(used)).rejects.toMatchObject({ code: 'AUTH_TOKEN_ROTATED' });
  });

  it('is needed for a custom key by a store that does not keep the key of ids', async () => {
    const { readKeys: _, replaceKeys: __, ...store } = createMemoryTokenStore();
    await issueAll(store, OLD);
    const auth = open(store, NEW, OLD);
    await auth.verify(CUSTOM);
    expect((await auth.keys()).map(({ tokens }) => tokens)).toEqual([1, 3]);
    expect(await open(store, NEWER, NEW, OLD).verify(CUSTOM)).toMatchObject({ name: 'custom' });
  });

  it('proves what was derived from a token, before and after it moved', async () => {
    const store = createMemoryTokenStore();
    const tokens = await issueAll(store, OLD);
    const derived = await Promise.all(
      tokens
        .filter((_, index) => index !== 1)
        .map(({ token }) => attenuateToken(defineVocabulary({}), token, { actions: ['usage:read'] })),
    );
    const auth = open(store, NEW, OLD);
    for (const text of derived) await auth.verify(text);
    for (const { token } of tokens) await auth.verify(token);
    for (const text of derived) await auth.verify(text);
  });

  it('does not fail a verification because the token cannot be stored again', async () => {
    const store = createMemoryTokenStore();
    const [api] = await issueAll(store, OLD);
    const update = async () => Promise.reject(new Error('read-only'));
    await open({ ...store, update }, NEW, OLD).verify(api?.token);
    expect((await open(store, NEW, OLD).keys())[1]?.tokens).toBe(3);
  });
});

describe('a wrong key', () => {
  const wrong = {
    code: 'AUTH_STORE_UNAVAILABLE',
    message: expect.stringMatching(/used with the key [0-9a-f]{8}.*digestKey: \[current, former\]/s),
    cause: expect.any(WrongKeyError),
  };

  it.each<[string, (store: TokenStore) => Promise<unknown>]>([
    [
      'issues nothing',
      async (store) => open(store, NEW).issue({ name: 'x', grant: GRANT }, open(store, NEW).operator()),
    ],
    ['verifies nothing', async (store) => open(store, NEW).verify('key_aB3dE5gH:aB3dE5gHaB3dE5gHaB3d')],
    ['is refused at the start', async (store) => open(store, NEW).keys()],
  ])('%s, and says which one is missing', async (_, use) => {
    const store = createMemoryTokenStore();
    await issueAll(store, OLD);
    const before = await store.list({});
    await expect(use(store)).rejects.toMatchObject(wrong);
    expect(await store.list({})).toEqual(before);
  });

  it('is the former one alone, once the new one was used', async () => {
    const store = createMemoryTokenStore();
    const [api] = await issueAll(store, OLD);
    await open(store, NEW, OLD).verify(api?.token);
    await expect(open(store, OLD).verify(api?.token)).rejects.toMatchObject(wrong);
  });

  it('is looked for again after it was put right', async () => {
    const store = createMemoryTokenStore();
    let fails = true;
    const readKeys = async () => (fails ? Promise.reject(new Error('away')) : store.readKeys?.());
    const auth = open({ ...store, readKeys }, OLD);
    await expect(auth.keys()).rejects.toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
    fails = false;
    expect(await auth.keys()).toHaveLength(1);
  });

  it('cannot be recorded in a database that is only read, which verifies and issues nothing', async () => {
    const store = createMemoryTokenStore();
    const [api] = await issueAll(store, OLD);
    const refuse = async () => Promise.reject(new Error('read-only'));
    const reading = open({ ...store, replaceKeys: refuse, readKeys: async () => undefined }, OLD);
    await reading.verify(api?.token);
    await expect(reading.issue({ name: 'x', grant: GRANT }, reading.operator())).rejects.toMatchObject({
      code: 'AUTH_STORE_UNAVAILABLE',
    });
  });
});
