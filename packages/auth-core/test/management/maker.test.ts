import { describe, expect, it } from 'vitest';
import {
  type Auth,
  attenuateToken,
  createSealer,
  type Grant,
  type Principal,
  type TokenStore,
} from '../../src/index.ts';
import { createAccessTokens, createMemorySigningKeyStore, createSigningKeys } from '../../src/jwt/index.ts';
import { FULL_GRANT, llm } from '../words.ts';
import { code, createManagedAuth } from './managed-auth.ts';

const CHAT: Grant = { actions: ['chat'] };

/** An installation with a maker that may do everything, and tokens that it may do it to. */
async function setUp() {
  const managed = createManagedAuth({ cacheMilliseconds: 0 });
  const { auth, operator } = managed;
  const maker = await auth.issue({ name: 'maker', kind: 'legacy', grant: FULL_GRANT }, operator);
  const target = (await auth.issue({ name: 'target', kind: 'legacy', grant: CHAT }, operator)).record.id;
  const ended = (await auth.issue({ name: 'ended', grant: CHAT }, operator)).record.id;
  await auth.revoke(ended, operator);
  const by = await auth.verify(maker.token);
  const keys = createSigningKeys({
    store: createMemorySigningKeyStore(),
    sealer: createSealer(new Uint8Array(32)),
    clock: managed.clock,
  });
  const issuer = 'https://latchkey.test';
  const access = createAccessTokens({ vocabulary: llm, keys, issuer, clock: managed.clock, refresh: auth.refresh });
  const state = async () => (await managed.inner.list({})).filter(({ id }) => id !== by.id);
  return { ...managed, by, makerId: maker.record.id, makerToken: maker.token, target, ended, access, state };
}

type Installation = Awaited<ReturnType<typeof setUp>>;

const ACTS: readonly [name: string, act: (installation: Installation, by: Principal) => Promise<unknown>][] = [
  ['issue', ({ auth }, by) => auth.issue({ name: 'back door', grant: CHAT }, by)],
  ['edit', ({ auth, target }, by) => auth.edit(target, { name: 'taken' }, by)],
  ['rotate', ({ auth, target }, by) => auth.rotate(target, {}, by)],
  ['exchange', ({ auth }, by) => auth.exchange({}, by)],
  ['reveal', ({ auth, target }, by) => auth.reveal(target, by)],
  ['revoke', ({ auth, target }, by) => auth.revoke(target, by)],
  ['revokeAll', ({ auth }, by) => auth.revokeAll({ owner: 'operator' }, by)],
  ['remove', ({ auth, ended }, by) => auth.remove(ended, by)],
  ['list', ({ auth }, by) => auth.list(by)],
  ['show', ({ auth, target }, by) => auth.show(target, by)],
  ['access token', ({ access }, by) => access.issue(by)],
];

const CHANGES: readonly [name: string, change: (installation: Installation) => Promise<unknown>, refusal: string][] = [
  ['was revoked', ({ auth, operator, makerId }) => auth.revoke(makerId, operator), 'AUTH_TOKEN_REVOKED'],
  ['got another secret', ({ auth, operator, makerId }) => auth.rotate(makerId, {}, operator), 'AUTH_TOKEN_ROTATED'],
  [
    'is of a kind that was switched off',
    async ({ settings }) => {
      settings.kinds = { ...settings.kinds, legacy: false };
    },
    'AUTH_TOKEN_KIND_DISABLED',
  ],
  [
    'may only be used later',
    ({ auth, operator, makerId }) =>
      auth.edit(makerId, { grant: { ...FULL_GRANT, notBefore: '2999-01-01T00:00:00Z' } }, operator),
    'AUTH_PERMISSION_DENIED',
  ],
  [
    'was removed',
    async ({ auth, operator, makerId }) => {
      await auth.revoke(makerId, operator);
      await auth.remove(makerId, operator);
    },
    'AUTH_TOKEN_UNKNOWN',
  ],
];

describe.each(CHANGES)('a principal whose token %s since it was verified', (_, change, refusal) => {
  it.each(ACTS)('does nothing any more: %s', async (_name, act) => {
    const installation = await setUp();
    await change(installation);
    const before = await installation.state();
    await expect(act(installation, installation.by)).rejects.toThrow(code(refusal));
    expect(await installation.state()).toEqual(before);
  });
});

/** The store's methods that write something of an act. */
const WRITES = ['insert', 'update', 'remove'] as const;

/** Lets something happen when the act has decided, and before it is written. */
function beforeTheWrite(store: TokenStore, happen: () => Promise<unknown>): void {
  const original = Object.fromEntries(WRITES.map((name) => [name, store[name]]));
  for (const name of WRITES) {
    Object.assign(store, {
      [name]: async (...args: readonly unknown[]) => {
        Object.assign(store, original);
        await happen();
        return (original[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
      },
    });
  }
}

describe('a principal whose token changes after the decision and before the write', () => {
  const writing = ACTS.filter(([name]) => ['issue', 'edit', 'rotate', 'exchange', 'remove'].includes(name));

  it.each(writing)('does nothing when it was revoked: %s', async (_name, act) => {
    const installation = await setUp();
    const { store, auth, operator, by, state } = installation;
    const before = await state();
    beforeTheWrite(store, () => auth.revoke(by.id, operator));
    await expect(act(installation, by)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    expect(await state()).toEqual(before);
  });

  it('decides again by what is left of its grant', async () => {
    const installation = await setUp();
    const { store, auth, operator, by, state } = installation;
    const before = await state();
    const grant: Grant = { actions: ['tokens:write'] };
    beforeTheWrite(store, () => auth.edit(by.id, { grant }, operator));
    await expect(auth.issue({ name: 'wide', grant: CHAT }, by)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
    expect(await state()).toEqual(before);
  });

  it('goes on when nothing of it is less', async () => {
    const { store, auth, operator, by } = await setUp();
    beforeTheWrite(store, () => auth.edit(by.id, { notes: 'noted meanwhile' }, operator));
    expect((await auth.issue({ name: 'child', grant: CHAT }, by)).record.name).toBe('child');
  });

  it('ends with what it was derived from, however far above', async () => {
    const { store, auth, operator, by } = await setUp();
    const key = await auth.exchange({ grant: FULL_GRANT }, by);
    const narrow = await auth.verify(await attenuateToken(llm, key.token, FULL_GRANT));
    beforeTheWrite(store, () => auth.revoke(by.id, operator));
    await expect(auth.issue({ name: 'child', grant: CHAT }, narrow)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });

  it('ends with the caveat that it was derived by', async () => {
    const { auth, by, makerToken } = await setUp();
    const narrow = await auth.verify(await attenuateToken(llm, makerToken, FULL_GRANT));
    expect(narrow.tokenId).toBe(by.id);
    await auth.revokeSelf(narrow);
    await expect(auth.exchange({}, narrow)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    await auth.exchange({}, by);
  });
});

describe('refresh', () => {
  const refused = async (auth: Auth, by: Principal) =>
    expect(auth.refresh(by)).rejects.toThrow(code('AUTH_TOKEN_ROTATED'));

  it('gives the grants that the token has by now, and keeps what was derived', async () => {
    const { auth, operator, by, makerToken } = await setUp();
    const narrow = await auth.verify(await attenuateToken(llm, makerToken, CHAT));
    await auth.edit(by.id, { grant: { actions: ['chat', 'tokens:read'] } }, operator);
    const { authority } = await auth.refresh(narrow);
    expect(authority.slice(1).map(({ grant }) => grant.actions)).toEqual([['chat', 'tokens:read'], ['chat']]);
  });

  it('takes a former secret as long as that counts', async () => {
    const { auth, operator, by, clock } = await setUp();
    await auth.rotate(by.id, { overlap: { seconds: 60 } }, operator);
    expect((await auth.refresh(by)).id).toBe(by.id);
    clock.advance(60_000);
    await refused(auth, by);
  });

  it('refuses the secret before the former one as soon as a newer one was used', async () => {
    const { auth, operator, by } = await setUp();
    const rotate = async () => (await auth.rotate(by.id, { overlap: 'until-first-use' }, operator)).token;
    const between = await rotate();
    await rotate();
    expect((await auth.refresh(by)).id).toBe(by.id);
    await auth.verify(between);
    await refused(auth, by);
  });

  it('leaves who has presented no token as it is', async () => {
    const { auth, operator } = await setUp();
    expect(await auth.refresh(operator)).toBe(operator);
  });
});

describe('tokens that have ended', () => {
  it.each([
    ['revoked', async ({ auth, operator, target }: Installation) => void (await auth.revoke(target, operator))],
    [
      'expired',
      async ({ auth, operator, target, clock, inner }: Installation) => {
        const record = await inner.find(target);
        if (record) await inner.update({ ...record, expiresAt: clock().toISOString(), version: 9 }, record.version);
        await auth.show(target, operator);
      },
    ],
  ])('cannot be changed once they are %s', async (_, end) => {
    const installation = await setUp();
    await end(installation);
    const { auth, operator, target } = installation;
    await expect(auth.edit(target, { name: 'again' }, operator)).rejects.toThrow(code('AUTH_CONFLICT'));
    await expect(auth.edit(target, { expiresAt: null }, operator)).rejects.toThrow(code('AUTH_CONFLICT'));
  });

  it('are removed for good, with what was derived from them, and only then', async () => {
    const { auth, operator, by, makerToken, events } = await setUp();
    const key = await auth.exchange({}, by);
    await expect(auth.remove(by.id, operator)).rejects.toThrow(code('AUTH_CONFLICT'));
    await auth.revoke(by.id, operator);
    expect((await auth.remove(by.id, operator)).id).toBe(by.id);
    const left = (await auth.list(operator)).map(({ id }) => id);
    expect(left).not.toContain(by.id);
    expect(left).not.toContain(key.record.id);
    for (const token of [makerToken, key.token]) {
      await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
    }
    expect(events.at(-1)).toMatchObject({ type: 'token.deleted', subject: by.id });
  });

  it('are not removed by who could not have made them', async () => {
    const { auth, operator, ended } = await setUp();
    const { token } = await auth.issue({ name: 'small', grant: { actions: ['tokens:write'] } }, operator);
    await expect(auth.remove(ended, await auth.verify(token))).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
  });
});
