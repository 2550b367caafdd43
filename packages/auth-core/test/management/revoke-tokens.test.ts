import { describe, expect, it } from 'vitest';
import { type Auth, anonymousPrincipal, type Grant, type Revocation } from '../../src/index.ts';
import { FULL_GRANT, llm } from '../words.ts';
import { attenuate, code, createManagedAuth, makePrincipal } from './managed-auth.ts';

const MANAGER: Grant = { actions: ['chat', 'tokens:read', 'tokens:write'], models: ['ibm/*'] };
const CHAT: Grant = { actions: ['chat'] };

function hear(auth: Auth): string[] {
  const told: string[] = [];
  auth.onRevoked((id) => told.push(id));
  return told;
}

describe('revoking', () => {
  it('tells of every token that was derived from the one that ends', async () => {
    const { auth, operator } = createManagedAuth();
    const parent = await makePrincipal(auth, CHAT);
    const exchanged = await auth.exchange({}, parent);
    const child = exchanged.record.id;
    const sibling = (await auth.exchange({}, parent)).record.id;
    const grandchild = (await auth.exchange({}, await auth.verify(exchanged.token))).record.id;
    await auth.issue({ name: 'stranger', grant: CHAT }, operator);
    const told = hear(auth);
    await auth.revoke(parent.id, operator);
    expect(told[0]).toBe(parent.id);
    expect(told.slice(1).sort()).toEqual([child, sibling, grandchild].sort());
  });
});

describe('revokeSelf', () => {
  it('ends a token by possession, without any action', async () => {
    const { auth, operator } = createManagedAuth();
    const { token, record } = await auth.issue({ name: 'bot', grant: { actions: [] } }, operator);
    expect(await auth.revokeSelf(await auth.verify(token))).toMatchObject({
      id: record.id,
      revokedAt: expect.any(String),
    });
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
  });

  it('ends what was derived without the store, and leaves what it was derived from', async () => {
    const { auth, operator, clock, stored } = createManagedAuth();
    const parent = await makePrincipal(auth, CHAT);
    const caller = attenuate(parent, CHAT);
    const told = hear(auth);
    expect(await auth.revokeSelf(caller)).toMatchObject({ id: caller.id, revokedAt: clock().toISOString() });
    expect(await stored(caller.id)).toMatchObject({
      kind: 'attenuated',
      parentId: parent.id,
      digest: '',
      grant: { actions: [] },
    });
    expect((await stored(parent.id)).revokedAt).toBeUndefined();
    expect(told).toEqual([caller.id]);
    clock.advance(1000);
    expect(await auth.revokeSelf(caller)).toMatchObject({ revokedAt: '2027-01-01T00:00:00.000Z' });
    expect((await auth.list(operator)).map(({ id }) => id)).toEqual([parent.id]);
    await expect(auth.show(caller.id, operator)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
  });

  it('tells of what was exchanged for it, and of nothing beside it', async () => {
    const { auth } = createManagedAuth();
    const parent = await makePrincipal(auth, CHAT);
    const caller = attenuate(parent, CHAT);
    const beside = attenuate(parent, CHAT, 'other.01');
    const derived = (await auth.exchange({}, caller)).record.id;
    await auth.exchange({}, beside);
    await auth.exchange({}, parent);
    const told = hear(auth);
    await auth.revoke(caller.id, caller);
    expect(told).toEqual([caller.id, derived]);
  });

  it('refuses who presented no token', async () => {
    const { auth, operator } = createManagedAuth();
    for (const by of [operator, anonymousPrincipal(llm, FULL_GRANT, 'guest')]) {
      await expect(auth.revokeSelf(by)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
    }
  });
});

describe('revokeAll', () => {
  async function setUp() {
    const managed = createManagedAuth();
    const { auth, operator, clock } = managed;
    const make = async (name: string, details: object, grant: Grant = CHAT) => {
      clock.advance(1);
      return (await auth.issue({ name, grant, ...details }, operator)).record.id;
    };
    const ids = {
      web: await make('web', { owner: 'ada', project: 'web' }),
      shop: await make('shop', { owner: 'ada', project: 'shop' }),
      grace: await make('grace', { owner: 'grace', project: 'web' }),
      wide: await make('wide', { owner: 'ada', project: 'web' }, FULL_GRANT),
    };
    return { ...managed, ids };
  }
  const names = (revoked: readonly Revocation[]) => revoked.map(({ token }) => token?.name);

  it('ends the tokens of an owner, of a project, or of both', async () => {
    const first = await setUp();
    expect(names(await first.auth.revokeAll({ owner: 'ada' }, first.operator))).toEqual(['web', 'shop', 'wide']);
    expect(names(await first.auth.revokeAll({ owner: 'ada' }, first.operator))).toEqual([]);
    const second = await setUp();
    expect(names(await second.auth.revokeAll({ project: 'web' }, second.operator))).toEqual(['web', 'grace', 'wide']);
    const third = await setUp();
    const both = await third.auth.revokeAll({ owner: 'ada', project: 'web' }, third.operator);
    expect(names(both)).toEqual(['web', 'wide']);
    expect(both.every(({ revokedAt }) => revokedAt !== undefined)).toBe(true);
  });

  it('ends only what the authority of who asks covers, and never the one who asks', async () => {
    const { auth, stored, ids } = await setUp();
    const manager = await makePrincipal(auth, MANAGER, { owner: 'ada' });
    const caller = attenuate(manager, MANAGER);
    expect(names(await auth.revokeAll({ owner: 'ada' }, caller))).toEqual(['web', 'shop']);
    expect(names(await auth.revokeAll({ owner: 'ada' }, manager))).toEqual([]);
    expect((await stored(ids.wide)).revokedAt).toBeUndefined();
    expect((await stored(manager.id)).revokedAt).toBeUndefined();
  });

  it('needs the action tokens:write, and an owner or a project', async () => {
    const { auth, operator } = await setUp();
    const reader = await makePrincipal(auth, { actions: ['tokens:read'] });
    await expect(auth.revokeAll({ owner: 'ada' }, reader)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
    await expect(auth.revokeAll({}, operator)).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'owner' }));
  });

  it('tells of each', async () => {
    const { auth, operator, ids } = await setUp();
    const told = hear(auth);
    await auth.revokeAll({ owner: 'ada' }, operator);
    expect(told).toEqual([ids.web, ids.shop, ids.wide]);
  });
});
