import { describe, expect, it } from 'vitest';
import { type AuthOptions, createAuth, createMemoryTokenStore, type Grant, type TokenStore } from '../src/index.ts';
import { re2jsPatterns } from '../src/patterns/re2js.ts';
import { fixedClock } from '../src/testing/index.ts';
import { createCountingStore } from './counting-store.ts';
import { llm } from './words.ts';

const digestKey = new Uint8Array(32).fill(1);

function setUp(options: Partial<AuthOptions> = {}) {
  const clock = fixedClock();
  const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey, clock, ...options });
  const signIn = async (grant: Grant, details: object = {}) =>
    auth.verify((await auth.issue({ name: 'ci-bot', grant, ...details }, auth.operator())).token);
  return { clock, auth, signIn };
}

describe('createAuth', () => {
  it('refuses a key that is too short', () => {
    expect(() => setUp({ digestKey: new Uint8Array(16) })).toThrow(TypeError);
  });

  it.each([-1, 1001, Number.NaN])('refuses to keep tokens warm for %d milliseconds', (cacheMilliseconds) => {
    expect(() => setUp({ cacheMilliseconds })).toThrow(TypeError);
  });

  it('refuses a policy that is no grant, and says where', () => {
    const policy = { actions: ['chat'], networks: ['everywhere'] } as Grant;
    const invalid = expect.objectContaining({ code: 'AUTH_GRANT_INVALID', path: 'policy.networks[0]' });
    expect(() => setUp({ policy })).toThrow(invalid);
    const rule = { arguments: { path: { pattern: '(?=x)' } } };
    const patterned: Grant = { actions: [], mcp: { files: { tools: { read: rule } } } };
    expect(() => setUp({ policy: patterned, patterns: re2jsPatterns })).toThrow('pattern');
  });

  it('holds to the policy as it was, whatever becomes of the object', async () => {
    const policy = { actions: ['chat' as const, 'embeddings' as const] };
    const { auth, signIn } = setUp({ policy });
    policy.actions.pop();
    expect(auth.decide(await signIn({ actions: ['*'] }), { action: 'embeddings' })).toMatchObject({ allowed: true });
  });

  it('works with the clock and the randomness of the platform when it is given none', async () => {
    const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey });
    const { token } = await auth.issue({ name: 'ci-bot', grant: { actions: ['chat'] } }, auth.operator());
    expect(auth.decide(await auth.verify(token), { action: 'chat' })).toMatchObject({ allowed: true });
  });
});

describe('decide', () => {
  it('lets the operator do everything', () => {
    const { auth } = setUp();
    expect(auth.decide(auth.operator(), { action: 'tokens:write', models: 'x' })).toMatchObject({ allowed: true });
  });

  it('holds every token to the policy of the server', async () => {
    const { auth, signIn } = setUp({ policy: { actions: ['chat'] } });
    const principal = await signIn({ actions: ['chat', 'embeddings'] });
    expect(auth.decide(principal, { action: 'chat' })).toMatchObject({ allowed: true });
    expect(auth.decide(principal, { action: 'embeddings' })).toMatchObject({ source: 'server policy', grant: 1 });
  });

  it("narrows by the request's own entries", async () => {
    const { auth, signIn } = setUp();
    const principal = await signIn({ actions: ['chat'] });
    const entries = [{ grant: { actions: [] }, source: 'request' }];
    expect(auth.decide(principal, { action: 'chat' }, { entries })).toMatchObject({ grant: 3, source: 'request' });
  });

  it("takes the token's project where the request names none", async () => {
    const { auth, signIn } = setUp();
    const principal = await signIn({ actions: ['chat'], projects: ['web'] }, { project: 'web' });
    expect(auth.decide(principal, { action: 'chat' })).toMatchObject({ allowed: true });
    expect(auth.decide(principal, { action: 'chat', project: 'mobile' })).toMatchObject({ rule: 'projects' });
  });

  it('denies once the token has expired, in the middle of a request', async () => {
    const { auth, signIn, clock } = setUp();
    const principal = await signIn({ actions: ['chat'] }, { expiresAt: '2027-01-01T00:01:00Z' });
    expect(auth.decide(principal, { action: 'chat' })).toMatchObject({ allowed: true });
    clock.advance(60_000);
    expect(auth.decide(principal, { action: 'chat' })).toEqual({
      allowed: false,
      grant: 2,
      source: 'token ci-bot',
      rule: 'expiresAt',
      reason: 'the token expired at 2027-01-01T00:01:00.000Z',
    });
    expect(auth.decide({ ...principal, expiresAt: 'soon' }, { action: 'chat' })).toMatchObject({ allowed: false });
  });

  it('runs patterns and resolves paths with what it was given', async () => {
    const constraint = { arguments: { path: { pattern: '^/srv/', within: '/srv' } } };
    const grant: Grant = { actions: ['chat'], mcp: { files: { tools: { read: constraint } } } };
    const request = {
      action: 'chat' as const,
      mcp: { server: 'files', name: 'read', arguments: { path: '/srv/a' } },
    };
    const bare = setUp();
    expect(bare.auth.decide(await bare.signIn(grant), request)).toMatchObject({ rule: 'arguments' });
    const able = setUp({ patterns: re2jsPatterns, resolvePath: (path) => path });
    expect(able.auth.decide(await able.signIn(grant), request)).toMatchObject({ allowed: true });
  });

  it('refuses to issue a grant whose pattern the engine does not know', async () => {
    const { signIn } = setUp({ patterns: re2jsPatterns });
    const rule = { arguments: { path: { pattern: '(?=x)' } } };
    const attempt = signIn({ actions: [], mcp: { files: { tools: { read: rule } } } });
    await expect(attempt).rejects.toThrow(expect.objectContaining({ code: 'AUTH_GRANT_INVALID' }));
  });
});

describe('onRevoked', () => {
  it('tells each listener once, until it stops listening', async () => {
    const { auth, signIn } = setUp();
    const told: string[] = [];
    const stop = auth.onRevoked((id) => told.push(id));
    const first = await signIn({ actions: ['chat'] });
    await auth.revoke(first.id, auth.operator());
    await auth.revoke(first.id, auth.operator());
    stop();
    await auth.revoke((await signIn({ actions: ['chat'] })).id, auth.operator());
    expect(told).toEqual([first.id]);
  });

  it('tells nobody of an edit', async () => {
    const { auth, signIn } = setUp();
    const told: string[] = [];
    auth.onRevoked((id) => told.push(id));
    await auth.edit((await signIn({ actions: ['chat'] })).id, { name: 'new' }, auth.operator());
    expect(told).toEqual([]);
  });

  it('tells the next listener when one throws, and revokes all the same', async () => {
    const { auth, signIn } = setUp();
    const told: string[] = [];
    auth.onRevoked(() => {
      throw new Error('a bug');
    });
    auth.onRevoked((id) => told.push(id));
    const { id } = await signIn({ actions: ['chat'] });
    expect(await auth.revoke(id, auth.operator())).toMatchObject({ revokedAt: expect.any(String) });
    expect(told).toEqual([id]);
  });
});

describe('a store that fails', () => {
  it.each<[keyof TokenStore, string]>([
    ['insert', 'issue'],
    ['list', 'list'],
    ['find', 'show'],
    ['find', 'edit'],
    ['update', 'edit'],
    ['close', 'close'],
  ])('in %s fails %s with a code, and tells nothing of its inside', async (method, call) => {
    const { store, failing } = createCountingStore();
    const { auth } = setUp({ store });
    const by = auth.operator();
    const { record } = await auth.issue({ name: 'ci-bot', grant: { actions: [] } }, by);
    failing.add(method);
    const attempts: Record<string, () => Promise<unknown>> = {
      issue: () => auth.issue({ name: 'other', grant: { actions: [] } }, by),
      list: () => auth.list(by),
      show: () => auth.show(record.id, by),
      edit: () => auth.edit(record.id, { name: 'new' }, by),
      close: () => auth.close(),
    };
    await expect(attempts[call]!()).rejects.toThrow(
      expect.objectContaining({
        code: 'AUTH_STORE_UNAVAILABLE',
        message: expect.not.stringContaining('secret.db'),
      }),
    );
  });
});

describe('close', () => {
  it('is what disposal does', async () => {
    const { store, calls } = createCountingStore();
    {
      await using auth = setUp({ store }).auth;
      expect(auth.operator().kind).toBe('operator');
    }
    expect(calls).toEqual(['close']);
  });
});
