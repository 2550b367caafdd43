import { describe, expect, it } from 'vitest';
import {
  createRequestGuard,
  isGuest,
  type RequestGuardOptions,
  type RequestHost,
  readNodeRequest,
} from '../../src/http/index.ts';
import {
  AuthError,
  createAuth,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  defineVocabulary,
  InvalidTokenError,
  names,
  type TokenStore,
} from '../../src/index.ts';
import { fixedClock } from '../../src/testing/index.ts';
import { manualRepeat } from '../limits/manual-repeat.ts';

const vocabulary = defineVocabulary({ actions: ['invoices:read'], resources: { invoices: names() } });
const invoices = { actions: ['invoices:read'], invoices: ['2026-*'] } as const;

/** A host whose response ends when a test says so. */
function newHost() {
  const headers: Record<string, string> = {};
  const endings: (() => void)[] = [];
  const client = new AbortController();
  const host: RequestHost = {
    setHeaders: (added) => void Object.assign(headers, added),
    onEnd: (ended) => void endings.push(ended),
    clientSignal: () => client.signal,
  };
  return { host, headers, client, end: () => endings.splice(0).forEach((ended) => void ended()), endings };
}

async function setUp(options: Partial<RequestGuardOptions> = {}, store: TokenStore = createMemoryTokenStore()) {
  const clock = fixedClock('2027-01-01T00:00:00Z');
  const repeat = manualRepeat();
  const auth = createAuth({ vocabulary, store, digestKey: new Uint8Array(32).fill(7), clock, cacheMilliseconds: 0 });
  const meter = createMeter({ vocabulary, store: createMemoryLimitStore(), clock, repeat: () => () => undefined });
  let listeners = 0;
  const watched = {
    ...auth,
    onRevoked(listener: (id: string) => void) {
      listeners += 1;
      const stop = auth.onRevoked(listener);
      return () => {
        listeners -= 1;
        stop();
      };
    },
  };
  const guard = createRequestGuard({ auth: watched, meter, repeat: repeat.repeat, ...options });
  const issue = (limits = {}, expiresAt?: string) =>
    auth.issue({ name: 'ci-bot', grant: { ...invoices, limits }, ...(expiresAt && { expiresAt }) }, auth.operator());
  const present = (token: string) => () => readNodeRequest({ headers: { authorization: `Bearer ${token}` } });
  return { auth, meter, clock, guard, issue, present, repeat, listeners: () => listeners };
}

/** The reason of a signal, after another look. */
function reasonAfter({ tick }: { readonly tick: () => void }, signal: AbortSignal): unknown {
  tick();
  return signal.reason;
}

const refusal = (code: string) => expect.objectContaining({ code });

describe('a request guard', () => {
  it('lets a caller in whose grant allows what the request is about', async () => {
    const { guard, issue, present } = await setUp();
    const { token } = await issue();
    const request = { presented: present(token), host: () => newHost().host, action: 'invoices:read' } as const;
    const caller = await guard.pass({ ...request, key: {}, describe: () => ({ invoices: '2026-17' }) });
    expect(caller.principal.name).toBe('ci-bot');
    await expect(guard.pass({ ...request, key: {}, describe: () => ({ invoices: '2025-17' }) })).rejects.toThrow(
      refusal('AUTH_PERMISSION_DENIED'),
    );
  });

  it('refuses a description that lacks a value, which nothing would decide', async () => {
    const { guard, issue, present } = await setUp();
    const { token } = await issue();
    const describe = () => ({ invoices: undefined }) as unknown as { invoices: string };
    const request = {
      presented: present(token),
      host: () => newHost().host,
      action: 'invoices:read',
      describe,
    } as const;
    await expect(guard.pass({ ...request, key: {} })).rejects.toThrow(TypeError);
  });

  it('counts a request once that passes it twice, and requires each action', async () => {
    const { guard, issue, present } = await setUp();
    const { token } = await issue({ requestsPerMinute: 1 });
    const [key, { host, headers }] = [{}, newHost()];
    const request = { key, presented: present(token), host: () => host };
    const caller = await guard.pass(request);
    expect(headers).toMatchObject({ RateLimit: '"requestsPerMinute";r=0;t=60' });
    expect(await guard.pass({ ...request, action: 'invoices:read' })).toBe(caller);
    expect(guard.callerOf(key)).toBe(caller);
    await expect(guard.pass({ ...request, action: 'tokens:write' })).rejects.toThrow(refusal('AUTH_PERMISSION_DENIED'));
    await expect(guard.pass({ ...request, key: {} })).rejects.toThrow(refusal('AUTH_LIMIT_EXCEEDED'));
  });

  it('counts a request once that passes two guards with one meter, and again in another request', async () => {
    const { auth, meter, guard, issue, present } = await setUp();
    const router = createRequestGuard({ auth, meter });
    const request = { presented: present((await issue({ requestsPerMinute: 1, concurrentRequests: 1 })).token) };
    const { host, end } = newHost();
    const key = {};
    const first = await guard.pass({ ...request, key, host: () => host });
    const second = await router.pass({ ...request, key, host: () => host });
    expect(second.admission).toBe(first.admission);
    end();
    await expect(router.pass({ ...request, key: {}, host: () => host })).rejects.toThrow(
      refusal('AUTH_LIMIT_EXCEEDED'),
    );
  });

  it('counts a request again for another caller, and after a refusal', async () => {
    const { auth, meter, guard, issue, present, clock } = await setUp();
    const router = createRequestGuard({ auth, meter });
    const [one, other] = [await issue({ requestsPerMinute: 1 }), await issue({ requestsPerMinute: 1 })];
    const key = {};
    const of = ({ token }: typeof one) => ({ presented: present(token), host: () => newHost().host });
    await guard.pass({ ...of(one), key });
    await router.pass({ ...of(other), key });
    await expect(router.pass({ ...of(one), key: {} })).rejects.toThrow(refusal('AUTH_LIMIT_EXCEEDED'));
    const refused = {};
    await expect(guard.pass({ ...of(other), key: refused })).rejects.toThrow(refusal('AUTH_LIMIT_EXCEEDED'));
    clock.advance(60_000);
    expect((await guard.pass({ ...of(other), key: refused })).principal.name).toBe('ci-bot');
  });

  it('gives back the place of a request when its response has ended, also of one that is denied', async () => {
    const { guard, issue, present } = await setUp();
    const { token } = await issue({ concurrentRequests: 1 });
    const first = newHost();
    const request = { presented: present(token), action: 'tokens:write' } as const;
    await expect(guard.pass({ ...request, key: {}, host: () => first.host })).rejects.toThrow(
      refusal('AUTH_PERMISSION_DENIED'),
    );
    const second = { ...request, key: {}, host: () => newHost().host };
    await expect(guard.pass(second)).rejects.toThrow(refusal('AUTH_LIMIT_EXCEEDED'));
    first.end();
    await expect(guard.pass(second)).rejects.toThrow(refusal('AUTH_PERMISSION_DENIED'));
  });

  it('accepts guests where that is an option, and requires a token of them where an action is', async () => {
    const { guard } = await setUp({ guests: {} });
    const presented = () => readNodeRequest({ headers: { project: 'alpha' } });
    const key = {};
    const guest = await guard.pass({ key, presented, host: () => newHost().host });
    expect([isGuest(guest.principal), guest.principal.kind]).toEqual([true, 'anonymous']);
    expect(guest.decide({ action: 'invoices:read', invoices: '2026-17' }).allowed).toBe(false);
    expect(() => guest.require({ action: 'invoices:read', invoices: '2026-17' })).toThrow(
      refusal('AUTH_TOKEN_MISSING'),
    );
    await expect(guard.pass({ key, presented, host: () => newHost().host, action: 'invoices:read' })).rejects.toThrow(
      refusal('AUTH_TOKEN_MISSING'),
    );
    expect((await guest.reverify()).id).toBe(guest.principal.id);
  });

  it('gives a guest no token, and no act of administration', async () => {
    const { auth, guard } = await setUp({ guests: {} });
    const presented = () => readNodeRequest({});
    const { principal } = await guard.pass({ key: {}, presented, host: () => newHost().host });
    const denied = refusal('AUTH_PERMISSION_DENIED');
    await expect(auth.issue({ name: 'x', grant: { actions: [] } }, principal)).rejects.toThrow(denied);
    await expect(auth.exchange({ name: 'x', grant: { actions: [] } }, principal)).rejects.toThrow(denied);
    await expect(auth.revokeSelf(principal)).rejects.toThrow(denied);
    await expect(auth.revokeAll({ owner: 'guest' }, principal)).rejects.toThrow(denied);
    await expect(auth.list(principal)).rejects.toThrow(denied);
  });

  it('refuses limits of guests that nothing counts, or that there are not', async () => {
    const { auth } = await setUp();
    const guests = { limits: { requestsPerMinute: 1 } };
    expect(() => createRequestGuard({ auth, guests })).toThrow(TypeError);
    expect(() =>
      createRequestGuard({ auth, meter: { admit: () => Promise.reject() }, guests: { limits: { x: 1 } as never } }),
    ).toThrow(refusal('AUTH_GRANT_INVALID'));
  });

  it('offers Basic where that is among the places of a token, and is not given both options', async () => {
    const { auth } = await setUp();
    const guard = createRequestGuard({ auth, credentials: [{ authorization: ['Bearer', 'Basic'] }] });
    expect(guard.refuse(new InvalidTokenError('AUTH_TOKEN_MISSING'))?.headers['WWW-Authenticate']).toHaveLength(2);
    expect(() => createRequestGuard({ auth, basic: true, credentials: [{ header: 'a' }] })).toThrow(TypeError);
  });

  it('has no caller for a request that it did not let in', async () => {
    const { guard, present } = await setUp();
    const key = {};
    await expect(guard.pass({ key, presented: present('nonsense'), host: () => newHost().host })).rejects.toThrow();
    expect(() => guard.callerOf(key)).toThrow(TypeError);
  });

  it('answers what the core refuses, with nothing that a cache may keep, and leaves other errors to the host', async () => {
    const { guard, present } = await setUp({ realm: 'invoices' });
    const request = { key: {}, presented: present('nonsense'), host: () => newHost().host };
    const answer = guard.refuse(await guard.pass(request).catch((error: unknown) => error));
    expect(answer).toMatchObject({ status: 401, headers: { 'Cache-Control': 'no-store' } });
    expect(answer?.headers['WWW-Authenticate']).toContain('Bearer realm="invoices", error="invalid_token"');
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ error: { code: 'AUTH_TOKEN_MALFORMED' } });
    expect(guard.refuse(new Error('a bug'))).toBeUndefined();
  });

  it('renders the body that it was told to', async () => {
    const { guard, present } = await setUp({ render: ({ code }) => ({ problem: code }) });
    const request = { key: {}, presented: present('nonsense'), host: () => newHost().host };
    const answer = guard.refuse(await guard.pass(request).catch((error: unknown) => error));
    expect(JSON.parse(answer?.body ?? '')).toEqual({ problem: 'AUTH_TOKEN_MALFORMED' });
  });

  it('grants every reservation where nothing counts', async () => {
    const { auth, issue, present } = await setUp();
    const guard = createRequestGuard({ auth });
    const { token } = await issue({ requestsPerMinute: 1 });
    const { admission } = await guard.pass({ key: {}, presented: present(token), host: () => newHost().host });
    expect(admission.states).toEqual([]);
    await admission.release();
  });

  it.each([{ auth: undefined }, { meter: {} }])('does not start with %j', async (wrong) => {
    await expect(setUp(wrong as unknown as RequestGuardOptions)).rejects.toThrow(TypeError);
  });
});

describe('the signal of a caller', () => {
  async function enter(options: { readonly expiresAt?: string; readonly store?: TokenStore } = {}) {
    const parts = await setUp({}, options.store);
    const { token, record } = await parts.issue({}, options.expiresAt);
    const host = newHost();
    const caller = await parts.guard.pass({ key: {}, presented: parts.present(token), host: () => host.host });
    return { ...parts, ...host, id: record.id, caller };
  }

  it('is not watched before it is read, and no longer once the response has ended', async () => {
    const { caller, listeners, end, endings } = await enter();
    expect([listeners(), endings.length]).toEqual([0, 0]);
    expect(caller.signal).toBe(caller.signal);
    expect(listeners()).toBe(1);
    end();
    expect(listeners()).toBe(0);
  });

  it('fires when the token is revoked here', async () => {
    const { auth, id, caller, listeners } = await enter();
    const { signal } = caller;
    await auth.revoke(id, auth.operator());
    expect(signal.reason).toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
    expect(listeners()).toBe(0);
  });

  it('fires when the token was revoked before it was read', async () => {
    const { auth, id, caller } = await enter();
    await auth.revoke(id, auth.operator());
    const { signal } = caller;
    await expect.poll(() => signal.reason).toMatchObject({ code: 'AUTH_TOKEN_REVOKED' });
  });

  it('fires when the token expires while the request runs', async () => {
    const { caller, clock, repeat } = await enter({ expiresAt: '2027-01-01T00:01:00Z' });
    const { signal } = caller;
    repeat.tick();
    await Promise.resolve();
    expect(signal.aborted).toBe(false);
    clock.advance(60_000);
    await expect.poll(() => reasonAfter(repeat, signal)).toBeInstanceOf(AuthError);
  });

  it('fires when the store has not answered for several looks in a row, and not at the first', async () => {
    let isAway = false;
    const memory = createMemoryTokenStore();
    const store: TokenStore = {
      ...memory,
      find: async (id) => (isAway ? Promise.reject(new Error('away')) : memory.find(id)),
    };
    const { caller, repeat } = await enter({ store });
    const { signal } = caller;
    isAway = true;
    repeat.tick();
    expect(signal.aborted).toBe(false);
    await expect.poll(() => reasonAfter(repeat, signal)).toMatchObject({ code: 'AUTH_STORE_UNAVAILABLE' });
  });

  it('fires when the client leaves', async () => {
    const { caller, client } = await enter();
    const { signal } = caller;
    client.abort(new Error('gone'));
    expect(signal.reason).toMatchObject({ message: 'gone' });
  });
});
