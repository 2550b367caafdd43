import { describe, expect, it } from 'vitest';
import {
  createRequestAuthenticator,
  type PresentedRequest,
  type RequestAuthenticatorOptions,
} from '../../src/http/index.ts';
import type { Grant } from '../../src/index.ts';
import {
  type Auth,
  anonymousPrincipal,
  createAuth,
  createMemoryTokenStore,
  InvalidTokenError,
  StoreUnavailableError,
  type TokenStore,
} from '../../src/index.ts';
import { llm } from '../words.ts';

function newAuth(store: TokenStore = createMemoryTokenStore()): Auth {
  return createAuth({ vocabulary: llm, store, digestKey: new Uint8Array(32).fill(7), cacheMilliseconds: 0 });
}

function present(headers: Record<string, string | string[]>, peer = '192.0.2.7'): PresentedRequest {
  return { header: (name) => [headers[name] ?? []].flat(), peer };
}

async function setUp(grant: Grant, options: Partial<RequestAuthenticatorOptions> = {}) {
  const auth = newAuth();
  const { token, record } = await auth.issue({ name: 'ci-bot', grant }, auth.operator());
  const authenticate = createRequestAuthenticator({ auth, ...options });
  return { auth, id: record.id, authenticate, bearer: { authorization: `Bearer ${token}` }, token };
}

const refusal = (code: string) => expect.objectContaining({ code });
const chat = { actions: ['chat'], models: ['*'] };

describe('a request authenticator', () => {
  it('says who asks and from where', async () => {
    const { authenticate, bearer, id } = await setUp(chat);
    const caller = await authenticate(present(bearer));
    expect(caller.principal).toMatchObject({ id, name: 'ci-bot', kind: 'api-key' });
    expect(caller.address).toBe('192.0.2.7');
  });

  it('has no address where the connection has none', async () => {
    const { authenticate, bearer } = await setUp(chat);
    expect(await authenticate({ ...present(bearer), peer: undefined })).not.toHaveProperty('address');
  });

  it('takes Basic only where it is switched on', async () => {
    const { auth, authenticate, token } = await setUp(chat);
    const basic = present({ authorization: `Basic ${btoa(`proxy:${token}`)}` });
    await expect(authenticate(basic)).rejects.toThrow(refusal('AUTH_TOKEN_MISSING'));
    const caller = await createRequestAuthenticator({ auth, basic: true })(basic);
    expect(caller.principal.name).toBe('ci-bot');
  });

  it('decides from the address of the connection, which no header changes', async () => {
    const { authenticate, bearer } = await setUp({ ...chat, networks: ['10.0.0.0/8'] });
    const spoofed = authenticate(present({ ...bearer, 'x-forwarded-for': '10.0.0.1' }));
    await expect(spoofed).rejects.toMatchObject({ code: 'AUTH_PERMISSION_DENIED', decision: { rule: 'networks' } });
    const inside = await authenticate(present(bearer, '::ffff:10.1.2.3'));
    expect(inside.decide({ action: 'chat' }).allowed).toBe(true);
  });

  it('decides from the address that a trusted proxy says, and not from what its client says', async () => {
    const trustedProxies = ['127.0.0.1'];
    const { authenticate, bearer } = await setUp({ ...chat, networks: ['10.0.0.0/8'] }, { trustedProxies });
    const decide = (forwardedFor: string) =>
      authenticate(present({ ...bearer, 'x-forwarded-for': forwardedFor }, '127.0.0.1')).then(
        ({ decide }) => decide({ action: 'chat' }).allowed,
        () => false,
      );
    expect(await decide('10.0.0.1')).toBe(true);
    expect(await decide('10.0.0.1, 198.51.100.4')).toBe(false);
    expect(await decide('unknown')).toBe(false);
  });

  it('decides with the entries of the request, which only narrow', async () => {
    const { authenticate, bearer } = await setUp({ actions: ['chat'], models: ['ibm/*'] });
    const { decide } = await authenticate(present(bearer));
    const entry = { grant: { actions: ['chat' as const], models: ['ibm/small'] }, source: 'request' };
    expect(decide({ action: 'chat', models: 'ibm/large' }).allowed).toBe(true);
    expect(decide({ action: 'chat', models: 'ibm/large' }, [entry]).allowed).toBe(false);
  });

  it('verifies again what was presented, without telling it', async () => {
    const { auth, authenticate, bearer, id, token } = await setUp(chat);
    const caller = await authenticate(present(bearer));
    expect((await caller.reverify()).id).toBe(id);
    expect(JSON.stringify(caller)).not.toContain(token);
    await auth.revoke(id, auth.operator());
    await expect(caller.reverify()).rejects.toThrow(refusal('AUTH_TOKEN_REVOKED'));
  });

  it('decides by the grant as it was verified last', async () => {
    const { auth, authenticate, bearer, id } = await setUp({ actions: ['chat'], models: ['ibm/*'] });
    const { decide, reverify } = await authenticate(present(bearer));
    const isAllowed = (model: string): boolean => decide({ action: 'chat', models: model }).allowed;
    await auth.edit(id, { grant: { actions: ['chat'], models: ['ibm/small'] } }, auth.operator());
    expect(isAllowed('ibm/large')).toBe(true);
    await reverify();
    expect([isAllowed('ibm/large'), isAllowed('ibm/small')]).toEqual([false, true]);
  });

  it('shows the caller as it was verified last', async () => {
    const { auth, authenticate, bearer, id } = await setUp(chat);
    const caller = await authenticate(present(bearer));
    await auth.edit(id, { name: 'renamed' }, auth.operator());
    expect(caller.principal.name).toBe('ci-bot');
    await caller.reverify();
    expect(caller.principal.name).toBe('renamed');
  });

  it('denies everything for good once it has refused the caller again', async () => {
    const { auth, authenticate, bearer, id } = await setUp(chat);
    const caller = await authenticate(present(bearer));
    await auth.edit(id, { grant: { ...chat, notBefore: '2999-01-01T00:00:00Z' } }, auth.operator());
    await expect(caller.reverify()).rejects.toThrow(refusal('AUTH_PERMISSION_DENIED'));
    expect(caller.decide({ action: 'chat' })).toMatchObject({ allowed: false, source: 'token ci-bot' });
    await auth.edit(id, { grant: chat }, auth.operator());
    await expect(caller.reverify()).rejects.toThrow(refusal('AUTH_PERMISSION_DENIED'));
    expect(caller.decide({ action: 'chat' }).allowed).toBe(false);
  });

  it('denies everything while the store does not answer, and decides again when it does', async () => {
    const { auth, authenticate: _, bearer } = await setUp(chat);
    let away = false;
    const verify: Auth['verify'] = (text) =>
      away ? Promise.reject(new StoreUnavailableError('the disk is gone')) : auth.verify(text);
    const caller = await createRequestAuthenticator({ auth: { ...auth, verify } })(present(bearer));
    away = true;
    await expect(caller.reverify()).rejects.toThrow(refusal('AUTH_STORE_UNAVAILABLE'));
    expect(caller.decide({ action: 'chat' }).allowed).toBe(false);
    away = false;
    await caller.reverify();
    expect(caller.decide({ action: 'chat' }).allowed).toBe(true);
  });

  it('stays refused when a look that began before the refusal succeeds after it', async () => {
    const { auth, bearer } = await setUp(chat);
    const { promise, resolve } = Promise.withResolvers<void>();
    let looks = 0;
    const verify: Auth['verify'] = async (text) => {
      const look = ++looks;
      const principal = await auth.verify(text);
      if (look === 2) await promise;
      if (look === 3) throw new InvalidTokenError('AUTH_TOKEN_REVOKED');
      return principal;
    };
    const caller = await createRequestAuthenticator({ auth: { ...auth, verify } })(present(bearer));
    const early = caller.reverify();
    await expect(caller.reverify()).rejects.toThrow(refusal('AUTH_TOKEN_REVOKED'));
    resolve();
    await expect(early).rejects.toThrow(refusal('AUTH_TOKEN_REVOKED'));
    expect(caller.decide({ action: 'chat' }).allowed).toBe(false);
  });

  it('lets a caller in from anywhere and at any time where it can only end itself', async () => {
    const grant = { ...chat, networks: ['10.0.0.0/8'], notBefore: '2999-01-01T00:00:00Z' };
    const { authenticate, bearer } = await setUp(grant, { anywhere: true });
    const caller = await authenticate(present(bearer));
    expect(caller.decide({ action: 'chat' }).allowed).toBe(false);
  });

  it('reads no credential while authentication is off', async () => {
    const optional = anonymousPrincipal(llm, { actions: ['chat'] }, 'guest');
    const { authenticate } = await setUp(chat, { optional });
    const caller = await authenticate(present({ authorization: ['Bearer a', 'Bearer b'] }));
    expect(caller.principal).toBe(optional);
    expect(await caller.reverify()).toBe(optional);
  });

  it.each(['', ' ', 'a'.repeat(101), 'a\u0001b', '\xdc', 'Ł'])(
    'refuses %j as the name of a project, but first who has no token',
    async (project) => {
      const { authenticate, bearer } = await setUp(chat);
      const named = { 'latchkey-project': project };
      await expect(authenticate(present(named))).rejects.toThrow(refusal('AUTH_TOKEN_MISSING'));
      await expect(authenticate(present({ ...bearer, ...named }))).rejects.toThrow(
        expect.objectContaining({ code: 'AUTH_INPUT_INVALID', path: 'Latchkey-Project' }),
      );
    },
  );

  it('lets the caller act for the project that the request names, where every grant allows it', async () => {
    const { authenticate, bearer } = await setUp({ ...chat, projects: ['alpha', 'Überblick'] });
    const inProject = (project: string) => authenticate(present({ ...bearer, 'latchkey-project': project }));
    const caller = await inProject('alpha');
    expect(caller.principal.project).toBe('alpha');
    expect(caller.decide({ action: 'chat' }).allowed).toBe(true);
    expect((await caller.reverify()).project).toBe('alpha');
    // Header fields come byte by byte.
    expect((await inProject(Buffer.from('Überblick').toString('latin1'))).principal.project).toBe('Überblick');
    await expect(inProject('beta')).rejects.toThrow(refusal('AUTH_PERMISSION_DENIED'));
  });

  it('ends, when it verifies again, with a project that the token may no longer use', async () => {
    const { auth, authenticate, bearer, id } = await setUp({ ...chat, projects: ['alpha'] });
    const { reverify } = await authenticate(present({ ...bearer, 'latchkey-project': 'alpha' }));
    await auth.edit(id, { grant: { ...chat, projects: ['beta'] } }, auth.operator());
    await expect(reverify()).rejects.toThrow(refusal('AUTH_PERMISSION_DENIED'));
  });

  it('refuses a project that is named twice', async () => {
    const { authenticate, bearer } = await setUp(chat);
    await expect(authenticate(present({ ...bearer, 'latchkey-project': ['a', 'a'] }))).rejects.toThrow(
      'Latchkey-Project must be sent once.',
    );
  });

  it.each([
    ['a token that nobody has', 'Bearer sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB', 'AUTH_TOKEN_UNKNOWN'],
    ['what is no token', 'Bearer nonsense', 'AUTH_TOKEN_MALFORMED'],
  ])('lets nobody in with %s', async (_, authorization, code) => {
    const { authenticate } = await setUp(chat);
    await expect(authenticate(present({ authorization }))).rejects.toThrow(refusal(code));
  });

  it('lets nobody in while the store fails, nor by a bug', async () => {
    const { token } = await setUp(chat);
    const request = present({ 'x-api-key': token });
    const store = { ...createMemoryTokenStore(), find: () => Promise.reject(new Error('disk on fire')) };
    await expect(createRequestAuthenticator({ auth: newAuth(store) })(request)).rejects.toThrow(
      refusal('AUTH_STORE_UNAVAILABLE'),
    );
    const auth = { ...newAuth(), verify: () => Promise.reject(new Error('a bug')) };
    await expect(createRequestAuthenticator({ auth })(request)).rejects.toThrow('a bug');
  });
});
