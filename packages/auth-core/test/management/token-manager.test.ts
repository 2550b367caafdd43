import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Auth,
  AuthError,
  anonymousPrincipal,
  createAuth,
  createMemoryTokenStore,
  type Grant,
  PermissionDeniedError,
  type Principal,
  type TokenQuery,
  type TokenRecord,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { grantPairs } from '../authority/arbitraries.ts';
import { createCountingStore } from '../counting-store.ts';
import { covers, FULL_GRANT, llm } from '../words.ts';

const code = (expected: string, evidence: object = {}) => expect.objectContaining({ code: expected, ...evidence });

function setUp(policy?: Grant) {
  const inner = createMemoryTokenStore();
  /** What the store was asked to list. */
  const asked: TokenQuery[] = [];
  const counting = createCountingStore({
    ...inner,
    list(query) {
      asked.push(query);
      return inner.list(query);
    },
  });
  const clock = fixedClock();
  const digestKey = new Uint8Array(32).fill(1);
  const auth = createAuth({ vocabulary: llm, store: counting.store, digestKey, clock, ...(policy && { policy }) });
  return { ...counting, inner, asked, clock, auth, operator: auth.operator() };
}

/** Issues a token and says who presents it. */
async function makePrincipal(auth: Auth, grant: Grant, details: object = {}): Promise<Principal> {
  const { token } = await auth.issue({ name: 'manager', grant, ...details }, auth.operator());
  return auth.verify(token);
}

const LATER = '2027-02-01T00:00:00.000Z';
const MANAGER: Grant = { actions: ['chat', 'tokens:read', 'tokens:write'], models: ['ibm/*'] };

describe('issue', () => {
  it('answers with the token and with what is known of it, without its digest', async () => {
    const { auth, operator, clock } = setUp();
    const { token, record } = await auth.issue({ name: 'ci-bot', grant: { actions: ['chat'] } }, operator);
    expect(record).toEqual({
      id: token.slice(6, 14),
      kind: 'api-key',
      name: 'ci-bot',
      grant: { actions: ['chat'] },
      owner: 'operator',
      createdAt: clock().toISOString(),
      createdBy: 'local:operator',
      rotateAfter: '2027-04-01T00:00:00.000Z',
      rotationDue: false,
      version: 1,
    });
  });

  it('takes owner, project and end, and hands those of the issuer down', async () => {
    const { auth, operator } = setUp();
    const details = { owner: 'ada', project: 'web', expiresAt: '2027-06-01T02:00:00+02:00' };
    const manager = await makePrincipal(auth, MANAGER, details);
    const { record } = await auth.issue({ name: 'child', grant: { actions: ['chat'] } }, manager);
    expect(record).toMatchObject({ owner: 'ada', project: 'web', expiresAt: '2027-06-01T00:00:00.000Z' });
    expect(record.createdBy).toBe(manager.id);
    expect((await auth.show(manager.id, operator)).expiresAt).toBe('2027-06-01T00:00:00.000Z');
  });

  it('needs the action tokens:write', async () => {
    const { auth } = setUp();
    const reader = await makePrincipal(auth, { actions: ['chat', 'tokens:read'] });
    const attempt = auth.issue({ name: 'child', grant: { actions: ['chat'] } }, reader);
    await expect(attempt).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
  });

  it('needs an authority', async () => {
    const { auth, operator } = setUp();
    const nobody = { ...operator, authority: [] };
    const attempt = auth.issue({ name: 'child', grant: { actions: [] } }, nobody);
    await expect(attempt).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
  });

  it('gives no more than the issuer has', async () => {
    const { auth } = setUp();
    const manager = await makePrincipal(auth, MANAGER);
    for (const grant of [{ actions: ['*'] }, { actions: ['chat'], models: ['*'] }, FULL_GRANT]) {
      const attempt = auth.issue({ name: 'child', grant }, manager);
      await expect(attempt).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED', { reason: expect.any(String) }));
    }
    await auth.issue({ name: 'child', grant: { actions: ['chat'], models: ['ibm/granite'] } }, manager);
  });

  it('gives no longer than the issuer has', async () => {
    const { auth } = setUp();
    const manager = await makePrincipal(auth, MANAGER, { expiresAt: '2027-06-01T00:00:00Z' });
    const attempt = auth.issue({ name: 'child', grant: { actions: [] }, expiresAt: '2027-06-01T00:00:01Z' }, manager);
    await expect(attempt).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
  });

  it('asks no grant to repeat what the policy of the server says anyway', async () => {
    const { auth } = setUp({ ...FULL_GRANT, networks: ['10.0.0.0/8'], limits: { maxOutputTokens: 100 } });
    const manager = await makePrincipal(auth, MANAGER);
    const { token } = await auth.issue({ name: 'child', grant: { actions: ['chat'] } }, manager);
    const child = await auth.verify(token);
    expect(auth.decide(child, { action: 'chat' })).toMatchObject({ allowed: false, grant: 1 });
    expect(auth.decide(child, { action: 'chat' }, { address: '10.0.0.1' })).toMatchObject({
      limits: { maxOutputTokens: 100 },
    });
  });

  it('lets only an issuer with every action name another owner', async () => {
    const { auth } = setUp();
    const manager = await makePrincipal(auth, MANAGER, { owner: 'ada' });
    const input = { name: 'child', grant: { actions: ['chat'] }, owner: 'grace' };
    await expect(auth.issue(input, manager)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
    const admin = await makePrincipal(auth, FULL_GRANT, { owner: 'ada' });
    expect((await auth.issue(input, admin)).record.owner).toBe('grace');
  });

  it.each<[string, object]>([
    ['name', { name: '' }],
    ['name', { name: undefined }],
    ['name', { name: ' padded ' }],
    ['name', { name: 'two\nlines' }],
    ['name', { name: 'turned \u202e around' }],
    ['name', { name: 'x'.repeat(101) }],
    ['owner', { owner: '\u0000' }],
    ['name', { name: 'filled\u3164' }],
    ['owner', { owner: 'ada\ufe0f' }],
    ['owner', { owner: 'ada\u{e0100}' }],
    ['project', { project: 'web\u2800' }],
    ['project', { project: '\u115f\uffa0\u034f\u17b4' }],
    ['project', { project: '' }],
    ['expiresAt', { expiresAt: 'tomorrow' }],
    ['expiresAt', { expiresAt: 1_799_999_999 }],
    ['expiresAt', { expiresAt: '2027-01-01T00:00:00Z' }],
    ['grant', { grant: undefined }],
    ['grant.actions[0]', { grant: { actions: ['everything'] } }],
  ])('says where the input is wrong: %s, %j', async (path, input) => {
    const { auth, operator, calls } = setUp();
    const attempt = auth.issue({ name: 'child', grant: { actions: [] }, ...input }, operator);
    await expect(attempt).rejects.toThrow(
      code(path.startsWith('grant') ? 'AUTH_GRANT_INVALID' : 'AUTH_INPUT_INVALID', { path }),
    );
    expect(calls).toEqual([]);
  });

  it('draws another id when one is taken, and gives up when all are', async () => {
    // All draws are alike, but for those of 8 bytes, which become ids: the third of them differs.
    const ids8 = [0, 0, 1];
    const random = (target: Uint8Array<ArrayBuffer>) => target.fill(target.length === 8 ? (ids8.shift() ?? 0) : 0);
    const { store } = createCountingStore();
    const auth = createAuth({ vocabulary: llm, store, digestKey: new Uint8Array(32), random });
    const input = { name: 'child', grant: { actions: [] } };
    const ids = [await auth.issue(input, auth.operator()), await auth.issue(input, auth.operator())];
    expect(ids.map(({ record }) => record.id)).toEqual(['AAAAAAAA', 'BBBBBBBB']);
    await expect(auth.issue(input, auth.operator())).rejects.toThrow(code('AUTH_CONFLICT'));
  });

  it('lets an anonymous caller do what its grant says', async () => {
    const { auth } = setUp();
    const guest = anonymousPrincipal(llm, MANAGER, 'guest');
    expect((await auth.issue({ name: 'child', grant: { actions: ['chat'] } }, guest)).record.owner).toBe('guest');
    await expect(auth.issue({ name: 'child', grant: FULL_GRANT }, guest)).rejects.toThrow(
      code('AUTH_GRANT_NOT_COVERED'),
    );
  });
});

describe('list and show', () => {
  it('tell what lies within the authority of who asks, and nothing of the rest', async () => {
    const { auth, operator, clock } = setUp();
    const narrow = await auth.issue({ name: 'narrow', grant: { actions: ['chat'] } }, operator);
    clock.advance(1);
    const wide = await auth.issue({ name: 'wide', grant: FULL_GRANT }, operator);
    clock.advance(1);
    const manager = await makePrincipal(auth, MANAGER);
    expect((await auth.list(manager)).map(({ name }) => name)).toEqual(['narrow', 'manager']);
    expect((await auth.list(operator)).map(({ name }) => name)).toEqual(['narrow', 'wide', 'manager']);
    expect(await auth.show(narrow.record.id, manager)).toEqual(narrow.record);
    const hidden = await auth.show(wide.record.id, manager).catch((error) => error);
    const missing = await auth.show('ZZZZZZZZ', manager).catch((error) => error);
    expect(hidden).toMatchObject({ code: 'AUTH_TOKEN_NOT_FOUND' });
    expect({ ...hidden, message: hidden.message }).toEqual({ ...missing, message: missing.message });
  });

  it('let others have a turn between grants that take long to compare', async () => {
    const { auth, operator, inner } = setUp();
    const globs = (text: string) => Array.from({ length: 500 }, (_, index) => `*${text.repeat(20)}*${index}`);
    const manager = await makePrincipal(auth, { ...MANAGER, models: globs('ab') });
    const { record } = await auth.issue({ name: 'first', grant: { actions: ['chat'], models: globs('aa') } }, operator);
    const first = (await inner.find(record.id)) as TokenRecord;
    for (let number = 1; number < 50; number++) await inner.insert({ ...first, id: `token ${number}` });
    const { promise: turn, resolve } = Promise.withResolvers<string>();
    setTimeout(resolve, 0, 'somebody else');
    const listing = auth.list(manager);
    expect(await Promise.race([turn, listing.then(() => 'the listing')])).toBe('somebody else');
    await listing;
  });

  it('go on behind any token that was listed, and hold few at a time however many there are', async () => {
    const { auth, operator, inner, asked } = setUp();
    const chat: Grant = { actions: ['chat'] };
    const { record } = await auth.issue({ name: 'first', grant: chat }, operator);
    const first = (await inner.find(record.id)) as TokenRecord;
    for (let number = 1; number < 1200; number++) {
      // One of ten is nothing that a manager sees.
      const grant: Grant = number % 10 === 0 ? FULL_GRANT : chat;
      await inner.insert({ ...first, id: `token ${String(number).padStart(4, '0')}`, createdAt: LATER, grant });
    }
    const manager = await makePrincipal(auth, MANAGER, { expiresAt: '2027-06-01T00:00:00Z' });
    const { promise: turn, resolve } = Promise.withResolvers<string>();
    setTimeout(resolve, 0, 'somebody else');
    const listing = auth.list(manager);
    expect(await Promise.race([turn, listing.then(() => 'the listing')])).toBe('somebody else');
    const all = (await listing).map(({ id }) => id);
    expect(all).toHaveLength(1 + 1080 + 1);
    const paged: string[] = [];
    for (let after: string | undefined; ; after = paged.at(-1)) {
      const page = await auth.list(manager, { limit: 250, ...(after !== undefined && { after }) });
      paged.push(...page.map(({ id }) => id));
      if (page.length < 250) break;
    }
    expect(paged).toEqual(all);
    expect(Math.max(...asked.map(({ limit = Number.POSITIVE_INFINITY }) => limit))).toBeLessThanOrEqual(500);
    // What may not be seen is no place to go on from.
    for (const after of ['token 0010', 'nobody', '']) {
      await expect(auth.list(manager, { after })).rejects.toThrow(code('AUTH_INPUT_INVALID'));
    }
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      await expect(auth.list(manager, { limit })).rejects.toThrow(code('AUTH_INPUT_INVALID'));
    }
  });

  it('need the action tokens:read, except for oneself', async () => {
    const { auth, operator } = setUp();
    const { record } = await auth.issue({ name: 'other', grant: { actions: [] } }, operator);
    const caller = await makePrincipal(auth, { actions: ['chat'] });
    await expect(auth.list(caller)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
    await expect(auth.show(record.id, caller)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
    expect(await auth.show(caller.id, caller)).toMatchObject({ name: 'manager' });
  });

  it('never tell a digest', async () => {
    const { auth, operator, inner } = setUp();
    const { record } = await auth.issue({ name: 'ci-bot', grant: { actions: [] } }, operator);
    const { digest } = (await inner.find(record.id)) as TokenRecord;
    const told: object[] = [record, await auth.list(operator), await auth.show(record.id, operator)];
    told.push(await auth.edit(record.id, { name: 'new' }, operator), await auth.revoke(record.id, operator));
    expect(JSON.stringify(told)).not.toContain(digest);
    expect(JSON.stringify(told)).not.toContain('"digest"');
  });

  it('never tell what a token could be proved with', async () => {
    const { auth, operator, inner } = setUp();
    const { record } = await auth.issue({ name: 'ci-bot', grant: { actions: [] } }, operator);
    const { record: rotated } = await auth.rotate(record.id, { overlap: 'until-first-use' }, operator);
    const { digest, attenuationKey, previous } = (await inner.find(record.id)) as TokenRecord;
    const told = JSON.stringify([record, rotated, await auth.list(operator), await auth.show(record.id, operator)]);
    for (const kept of [digest, attenuationKey, previous?.digest, previous?.attenuationKey]) {
      expect(kept).toEqual(expect.any(String));
      expect(told).not.toContain(kept);
    }
  });
});

describe('edit', () => {
  it('changes what it is told and leaves the rest', async () => {
    const { auth, operator } = setUp();
    const input = { name: 'ci-bot', grant: { actions: ['chat'] }, expiresAt: '2028-01-01T00:00:00Z', project: 'web' };
    const { record } = await auth.issue(input, operator);
    const renamed = await auth.edit(record.id, { name: 'new' }, operator);
    expect(renamed).toEqual({ ...record, name: 'new', version: 2 });
    const widened = await auth.edit(record.id, { grant: FULL_GRANT, expiresAt: null }, operator);
    const { expiresAt: _, ...rest } = renamed;
    expect(widened).toEqual({ ...rest, grant: FULL_GRANT, version: 3 });
    const ended = await auth.edit(record.id, { expiresAt: '2027-03-01T00:00:00Z' }, operator);
    expect(ended.expiresAt).toBe('2027-03-01T00:00:00.000Z');
    expect(await auth.show(record.id, operator)).toEqual(ended);
  });

  it('gives no more and no longer than who edits has, not even to itself', async () => {
    const { auth } = setUp();
    const manager = await makePrincipal(auth, MANAGER, { expiresAt: '2027-06-01T00:00:00Z' });
    for (const change of [{ grant: FULL_GRANT }, { expiresAt: null }, { expiresAt: '2027-06-02T00:00:00Z' }]) {
      await expect(auth.edit(manager.id, change, manager)).rejects.toThrow(code('AUTH_GRANT_NOT_COVERED'));
    }
    await auth.edit(manager.id, { grant: { actions: ['chat'] }, expiresAt: '2027-05-01T00:00:00Z' }, manager);
  });

  it('finds no token beyond the authority of who edits', async () => {
    const { auth, operator } = setUp();
    const wide = await auth.issue({ name: 'wide', grant: FULL_GRANT }, operator);
    const manager = await makePrincipal(auth, MANAGER);
    const attempt = auth.edit(wide.record.id, { grant: { actions: [] } }, manager);
    await expect(attempt).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
  });

  it('needs the action tokens:write, for oneself too', async () => {
    const { auth } = setUp();
    const caller = await makePrincipal(auth, { actions: ['chat'] });
    await expect(auth.edit(caller.id, { name: 'x' }, caller)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
  });

  it('refuses to overwrite a change that it has not seen', async () => {
    const { auth, operator, store } = setUp();
    const { record } = await auth.issue({ name: 'ci-bot', grant: { actions: [] } }, operator);
    const find = store.find;
    store.find = async (id) => {
      const found = await find(id);
      store.find = find;
      await auth.edit(record.id, { name: 'first' }, operator);
      return found;
    };
    await expect(auth.edit(record.id, { name: 'second' }, operator)).rejects.toThrow(code('AUTH_CONFLICT'));
    expect((await auth.show(record.id, operator)).name).toBe('first');
  });
});

describe('revoke', () => {
  it('ends a token for good, and says when', async () => {
    const { auth, operator, clock } = setUp();
    const { record } = await auth.issue({ name: 'ci-bot', grant: { actions: [] } }, operator);
    const revoked = await auth.revoke(record.id, operator);
    const revokedAt = clock().toISOString();
    expect(revoked).toEqual({ id: record.id, revokedAt, stored: true, token: { ...record, revokedAt, version: 2 } });
    clock.advance(1000);
    expect(await auth.revoke(record.id, operator)).toEqual(revoked);
  });

  it('finds no token beyond the authority of who revokes', async () => {
    const { auth, operator } = setUp();
    const wide = await auth.issue({ name: 'wide', grant: FULL_GRANT }, operator);
    const manager = await makePrincipal(auth, MANAGER);
    await expect(auth.revoke(wide.record.id, manager)).rejects.toThrow(code('AUTH_TOKEN_NOT_FOUND'));
  });

  it('needs the action tokens:write, except for oneself', async () => {
    const { auth, operator } = setUp();
    const { record } = await auth.issue({ name: 'other', grant: { actions: [] } }, operator);
    const caller = await makePrincipal(auth, { actions: ['chat'] });
    await expect(auth.revoke(record.id, caller)).rejects.toThrow(code('AUTH_PERMISSION_DENIED'));
    expect(await auth.revoke(caller.id, caller)).toMatchObject({ revokedAt: expect.any(String) });
  });

  it('goes through although the token is being edited', async () => {
    const { auth, operator, store } = setUp();
    const { record } = await auth.issue({ name: 'ci-bot', grant: { actions: [] } }, operator);
    const find = store.find;
    store.find = async (id) => {
      const found = await find(id);
      store.find = find;
      await auth.edit(record.id, { name: 'edited' }, operator);
      return found;
    };
    expect(await auth.revoke(record.id, operator)).toMatchObject({ token: { name: 'edited' }, stored: true });
  });

  it('says so when it cannot go through, and denies the token all the same', async () => {
    const { auth, operator, store } = setUp();
    const { token, record } = await auth.issue({ name: 'ci-bot', grant: { actions: [] } }, operator);
    store.update = async () => false;
    expect(await auth.revoke(record.id, operator)).toMatchObject({ id: record.id, stored: false });
    await expect(auth.verify(token)).rejects.toThrow(code('AUTH_TOKEN_REVOKED'));
    await auth.close();
  });
});

describe('whatever the grants', () => {
  it('what a token makes or edits stays within the token', async () => {
    let told = 0;
    const writable = (grant: Grant): Grant => ({
      ...grant,
      actions: [...new Set([...grant.actions, 'tokens:write' as const])],
    });
    await fc.assert(
      fc.asyncProperty(grantPairs, async ([parent, child]) => {
        const { auth, operator } = setUp();
        const issued = await auth.issue({ name: 'parent', grant: writable(parent) }, operator);
        const by = await auth.verify(issued.token);
        const own = by.authority.slice(1);
        const attempts = [
          () => auth.issue({ name: 'child', grant: child }, by).then(({ record }) => record),
          () => auth.edit(by.id, { grant: child }, by),
        ];
        for (const attempt of attempts) {
          const record = await attempt().catch((error) => error);
          if (record instanceof PermissionDeniedError)
            expect(['notBefore', 'expiresAt']).toContain(record.decision.rule);
          else if (record instanceof AuthError) expect(record.code).toBe('AUTH_GRANT_NOT_COVERED');
          else expect(covers(own, record.grant)).toEqual({ covered: true });
          if (!(record instanceof AuthError)) told++;
        }
      }),
      { numRuns: 500 },
    );
    expect(told).toBeGreaterThan(20);
  });
});
