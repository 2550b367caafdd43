import { describe, expect, it } from 'vitest';
import { anonymousPrincipal, attenuateToken, type Grant } from '../../src/index.ts';
import { FULL_GRANT, llm } from '../words.ts';
import { attenuate, code, createManagedAuth, makePrincipal } from './managed-auth.ts';

const MANAGER: Grant = { actions: ['chat', 'tokens:read', 'tokens:write'], models: ['ibm/*'] };
const CAVEAT: Grant = { actions: ['chat', 'tokens:read', 'tokens:write'], models: ['ibm/granite*'] };
const CHAT: Grant = { actions: ['chat'] };

describe('exchange', () => {
  it('turns a token into an API key that is derived from it', async () => {
    const { auth, stored } = createManagedAuth();
    const details = { kind: 'personal-access', owner: 'ada', project: 'web', expiresAt: '2027-03-01T00:00:00Z' };
    const ada = await makePrincipal(auth, CHAT, details);
    const { token, record } = await auth.exchange({}, ada);
    expect(token).toMatch(/^sk-lm-/);
    expect(record).toMatchObject({
      kind: 'api-key',
      name: 'manager',
      grant: FULL_GRANT,
      owner: 'ada',
      project: 'web',
      parentId: ada.id,
      expiresAt: '2027-03-01T00:00:00.000Z',
    });
    expect(await stored(record.id)).not.toHaveProperty('caveats');
  });

  it('takes a name, a narrower grant and an earlier end', async () => {
    const { auth } = createManagedAuth();
    const caller = await makePrincipal(auth, MANAGER, { expiresAt: '2027-03-01T00:00:00Z' });
    const input = { name: 'job', grant: CHAT, expiresAt: '2027-02-01T00:00:00Z' };
    const { record } = await auth.exchange(input, caller);
    expect(record).toMatchObject({ ...input, expiresAt: '2027-02-01T00:00:00.000Z' });
    const attempt = auth.exchange({ expiresAt: '2027-03-02T00:00:00Z' }, caller);
    await expect(attempt).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });

  it('keeps what holders have added to the token', async () => {
    const { auth } = createManagedAuth();
    const caller = attenuate(await makePrincipal(auth, MANAGER), CHAT);
    const { record } = await auth.exchange({}, caller);
    expect(record.parentId).toBe(caller.tokenId);
    expect(record.caveats).toEqual([{ grant: CHAT, source: 'caveat #1', id: caller.id }]);
  });

  it('keeps every id that ends the token, also one that brings no grant', async () => {
    const { auth } = createManagedAuth();
    const parent = await makePrincipal(auth, MANAGER);
    const caller = { ...parent, id: 'at_1', kind: 'access' as const, chain: [...parent.chain, 'at_1'] };
    const { record } = await auth.exchange({}, caller);
    expect(record.caveats).toEqual([{ grant: FULL_GRANT, source: 'token manager', id: 'at_1' }]);
  });

  it('forgets no grant of a principal that it cannot place', async () => {
    const { auth } = createManagedAuth();
    const parent = await makePrincipal(auth, MANAGER);
    const caller = { ...parent, authority: parent.authority.map(({ id: _, ...entry }) => entry) };
    const { record } = await auth.exchange({}, caller);
    expect(record.caveats?.map(({ grant }) => grant)).toContainEqual(MANAGER);
  });

  it.each<[string, object]>([
    ['name', { name: '' }],
    ['grant.actions', { grant: {} }],
    ['expiresAt', { expiresAt: 'soon' }],
  ])('says where the input is wrong: %s', async (path, input) => {
    const { auth } = createManagedAuth();
    const caller = await makePrincipal(auth, MANAGER);
    const invalid = path.startsWith('grant') ? 'AUTH_GRANT_INVALID' : 'AUTH_INPUT_INVALID';
    await expect(auth.exchange(input, caller)).rejects.toThrow(code(invalid, { path }));
  });

  it('needs a token, and that API keys are switched on', async () => {
    const { auth, operator, settings } = createManagedAuth();
    for (const by of [operator, anonymousPrincipal(llm, FULL_GRANT, 'guest')]) {
      await expect(auth.exchange({}, by)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
    }
    const caller = await makePrincipal(auth, MANAGER, { kind: 'legacy' });
    Object.assign(settings, { kinds: { ...settings.kinds, 'api-key': false } });
    await expect(auth.exchange({}, caller)).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'kind' }));
  });

  it('stops at 100 keys that work for each token that is presented, and goes on when some have ended', async () => {
    const { auth, clock, operator } = createManagedAuth();
    const caller = await makePrincipal(auth, CHAT);
    await auth.exchange({ expiresAt: '2027-01-01T00:00:01Z' }, caller);
    for (let count = 1; count < 100; count++) await auth.exchange({}, caller);
    const message = expect.stringContaining('There are 100 keys made with this token already.');
    await expect(auth.exchange({}, caller)).rejects.toThrow(code('AUTH_CONFLICT', { message }));
    clock.advance(1000);
    const last = await auth.exchange({}, caller);
    await expect(auth.exchange({}, caller)).rejects.toThrow(code('AUTH_CONFLICT'));
    // What it has made has places of its own.
    const child = await auth.verify(last.token);
    await auth.exchange({}, child);
    await auth.revoke(last.record.id, operator);
    await auth.exchange({}, caller);
  });

  it('leaves a token its places, however many what was derived from it has used', async () => {
    const { auth } = createManagedAuth();
    const root = await makePrincipal(auth, CHAT);
    const narrowed = attenuate(root, CAVEAT);
    for (const by of [1, 2].map((number) => attenuate(narrowed, CAVEAT, `${narrowed.id}${number}`))) {
      for (let count = 0; count < 100; count++) await auth.exchange({}, by);
      await expect(auth.exchange({}, by)).rejects.toThrow(code('AUTH_CONFLICT'));
    }
    const more = attenuate(narrowed, CAVEAT, `${narrowed.id}3`);
    const message = expect.stringContaining(`There are 200 keys derived from token ${narrowed.id} already.`);
    await expect(auth.exchange({}, more)).rejects.toThrow(code('AUTH_CONFLICT', { message }));
    await auth.exchange({}, attenuate(root, CAVEAT, `${root.id}.beside`));
    await auth.exchange({}, root);
  });

  it('reads none of the keys that are there', async () => {
    const { auth, calls } = createManagedAuth();
    const caller = await makePrincipal(auth, CHAT);
    calls.length = 0;
    for (let count = 0; count < 3; count++) await auth.exchange({}, caller);
    expect(calls).not.toContain('list');
  });

  it('stops at 100 keys also for those who ask at the same time', async () => {
    const { auth } = createManagedAuth();
    const caller = await makePrincipal(auth, CHAT);
    const other = await makePrincipal(auth, CHAT);
    const asked = await Promise.allSettled(Array.from({ length: 105 }, () => auth.exchange({}, caller)));
    expect(asked.map(({ status }) => status)).toEqual([
      ...Array.from({ length: 100 }, () => 'fulfilled'),
      ...Array.from({ length: 5 }, () => 'rejected'),
    ]);
    await auth.exchange({}, other);
  });
});

describe('what was exchanged', () => {
  it('works, and ends with what it was exchanged for', async () => {
    const { auth, operator } = createManagedAuth();
    for (const end of ['parent', 'caveat', 'itself'] as const) {
      const issued = await auth.issue({ name: 'parent', grant: MANAGER }, operator);
      const narrower = await auth.verify(await attenuateToken(llm, issued.token, CHAT));
      const { token, record } = await auth.exchange({}, narrower);
      const caller = await auth.verify(token);
      expect(caller).toMatchObject({
        id: record.id,
        rootId: issued.record.id,
        chain: [issued.record.id, narrower.id, record.id],
      });
      expect(auth.decide(caller, { action: 'chat' })).toMatchObject({ allowed: true });
      expect(auth.decide(caller, { action: 'tokens:write' })).toMatchObject({ allowed: false, grant: 3 });
      if (end === 'parent') await auth.revoke(issued.record.id, operator);
      if (end === 'caveat') await auth.revokeSelf(narrower);
      if (end === 'itself') await auth.revokeSelf(caller);
      await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    }
  });

  it('is not exchanged so often that it would no longer work', async () => {
    const { auth } = createManagedAuth();
    let caller = await makePrincipal(auth, CHAT);
    for (let depth = 2; depth <= 16; depth++) {
      const { token } = await auth.exchange({}, caller);
      caller = await auth.verify(token);
    }
    const message = expect.stringContaining('derived from one another 16 times');
    await expect(auth.exchange({}, caller)).rejects.toThrow(code('AUTH_CONFLICT', { message }));
  });

  it('is not made of a token that is gone', async () => {
    const { auth } = createManagedAuth();
    const caller = { ...(await makePrincipal(auth, CHAT)), tokenId: 'gone' };
    await expect(auth.exchange({}, caller)).rejects.toThrow(code('AUTH_TOKEN_UNKNOWN'));
  });
});

describe('a derived principal', () => {
  it('makes only tokens that end with it', async () => {
    const { auth } = createManagedAuth();
    const caller = attenuate(await makePrincipal(auth, MANAGER), CAVEAT);
    const { record } = await auth.issue({ name: 'child', grant: CHAT }, caller);
    expect(record).toMatchObject({
      parentId: caller.tokenId,
      caveats: [{ grant: CAVEAT, source: 'caveat #1', id: caller.id }],
      createdBy: caller.id,
    });
    const wide = auth.issue({ name: 'child', grant: MANAGER }, caller);
    await expect(wide).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });

  it('changes nothing that would outlive it', async () => {
    const { auth, operator } = createManagedAuth();
    const parent = await makePrincipal(auth, MANAGER, { owner: 'ada' });
    const caller = attenuate(parent, { ...MANAGER, models: ['ibm/granite'] });
    const foreign = await auth.issue({ name: 'other', grant: CHAT, owner: 'ada' }, operator);
    const legacy = await auth.issue({ name: 'old', kind: 'legacy', grant: CHAT, owner: 'ada' }, operator);
    const ended = await auth.issue({ name: 'ended', grant: CHAT, owner: 'ada' }, operator);
    await auth.revoke(ended.record.id, operator);
    const reason = 'a derived token changes only itself and what was derived from it';
    for (const attempt of [
      auth.remove(ended.record.id, caller),
      auth.edit(foreign.record.id, { grant: { ...CHAT, models: ['ibm/granite'] } }, caller),
      auth.rotate(foreign.record.id, {}, caller),
      auth.reveal(legacy.record.id, caller),
    ]) {
      await expect(attempt).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED', { reason }));
    }
    await expect(auth.rotate(parent.id, {}, caller)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
  });

  it('changes what was derived from it', async () => {
    const { auth } = createManagedAuth();
    const caller = attenuate(await makePrincipal(auth, MANAGER), CAVEAT);
    const { record } = await auth.exchange({}, caller);
    await auth.edit(record.id, { name: 'renamed', grant: CHAT }, caller);
    await auth.rotate(record.id, {}, caller);
    const sibling = attenuate(
      await auth.verify((await auth.rotate(caller.tokenId, {}, auth.operator())).token),
      MANAGER,
      'x.02',
    );
    await expect(auth.rotate(record.id, {}, sibling)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });

  it('sees others as far as its own authority covers them, and may end them', async () => {
    const { auth, operator } = createManagedAuth();
    const caller = attenuate(await makePrincipal(auth, MANAGER), CAVEAT);
    const within = await auth.issue({ name: 'within', grant: { ...CHAT, models: ['ibm/granite-4'] } }, operator);
    await auth.issue({ name: 'beyond', grant: { ...CHAT, models: ['ibm/*'] } }, operator);
    expect((await auth.list(caller)).map(({ name }) => name)).toEqual(['within']);
    expect(await auth.revoke(within.record.id, caller)).toHaveProperty('revokedAt');
  });
});

describe('a derived token', () => {
  it('is seen by whose authority covers all of it, whatever its own grant says', async () => {
    const { auth, clock } = createManagedAuth();
    const narrow = await makePrincipal(auth, CHAT);
    const manager = await makePrincipal(auth, MANAGER);
    const wide = await makePrincipal(auth, FULL_GRANT);
    clock.advance(1);
    const covered = await auth.exchange({}, narrow);
    const covering = await auth.exchange({}, wide);
    const found = (await auth.list(manager, { parentId: narrow.id })).map(({ id }) => id);
    expect(found).toEqual([covered.record.id]);
    expect(await auth.show(covered.record.id, manager)).toEqual(covered.record);
    await expect(auth.show(covering.record.id, manager)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
    expect(await auth.list(manager, { parentId: wide.id })).toEqual([]);
  });

  it('may be given any grant that its parents keep within the authority of who edits', async () => {
    const { auth } = createManagedAuth();
    const manager = await makePrincipal(auth, MANAGER);
    const narrow = await makePrincipal(auth, CHAT);
    const { record } = await auth.exchange({ grant: CHAT }, narrow);
    expect((await auth.edit(record.id, { grant: FULL_GRANT }, manager)).grant).toEqual(FULL_GRANT);
  });

  it('is touched by nobody but administrators when its parent is gone', async () => {
    const { auth, operator, inner, stored } = createManagedAuth();
    const narrow = await makePrincipal(auth, CHAT);
    const manager = await makePrincipal(auth, MANAGER);
    const { record } = await auth.exchange({}, narrow);
    await inner.update({ ...(await stored(record.id)), parentId: 'nobody', version: 2 }, 1);
    await expect(auth.revoke(record.id, manager)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
    await auth.revoke(record.id, operator);
  });

  it('that names itself as its parent is read to an end', async () => {
    const { auth, operator, inner, stored } = createManagedAuth();
    const { record } = await auth.issue({ name: 'loop', grant: CHAT }, operator);
    await inner.update({ ...(await stored(record.id)), parentId: record.id, version: 2 }, 1);
    expect(await auth.show(record.id, operator)).toMatchObject({ name: 'loop' });
    expect(await auth.revoke(record.id, operator)).toHaveProperty('revokedAt');
  });

  it('whose caveat cannot be read allows nothing', async () => {
    const { auth, inner, stored } = createManagedAuth();
    const wide = await makePrincipal(auth, FULL_GRANT);
    const manager = await makePrincipal(auth, MANAGER);
    const { record } = await auth.exchange({}, wide);
    const caveats = [{ grant: { actions: ['fly'] } as unknown as Grant, source: 'caveat', id: 'c' }];
    await inner.update({ ...(await stored(record.id)), caveats, version: 2 }, 1);
    expect(await auth.show(record.id, manager)).toMatchObject({ name: 'manager' });
  });
});

describe('edit', () => {
  it('widens nothing that lasts longer than who edits', async () => {
    const { auth, operator } = createManagedAuth();
    const manager = await makePrincipal(auth, MANAGER, { expiresAt: '2027-06-01T00:00:00Z' });
    const { record } = await auth.issue({ name: 'forever', grant: CHAT }, operator);
    const wider = auth.edit(record.id, { grant: MANAGER }, manager);
    await expect(wider).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
    await auth.edit(record.id, { grant: { actions: [] } }, manager);
  });

  it('adds, changes and removes notes and reminders', async () => {
    const { auth, operator } = createManagedAuth();
    const { record } = await auth.issue({ name: 'bot', grant: CHAT, notes: 'first', rotateAfterSeconds: 60 }, operator);
    expect(await auth.edit(record.id, { name: 'x' }, operator)).toMatchObject({
      notes: 'first',
      rotateAfterSeconds: 60,
    });
    const changed = await auth.edit(record.id, { notes: 'second', rotateAfterSeconds: 120 }, operator);
    expect(changed).toMatchObject({
      notes: 'second',
      rotateAfterSeconds: 120,
      rotateAfter: '2027-01-01T00:02:00.000Z',
    });
    const removed = await auth.edit(record.id, { notes: null, rotateAfterSeconds: null }, operator);
    expect(removed).not.toHaveProperty('notes');
    expect(removed).not.toHaveProperty('rotateAfterSeconds');
    const wrong = auth.edit(record.id, { notes: '' }, operator);
    await expect(wrong).rejects.toThrow(code('AUTH_INPUT_INVALID', { path: 'notes' }));
  });
});
