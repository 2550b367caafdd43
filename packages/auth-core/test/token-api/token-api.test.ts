import { describe, expect, it } from 'vitest';
import {
  createAuth,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  defineVocabulary,
  names,
  type TokenStore,
} from '../../src/index.ts';
import { createTokenApi, type TokenApiOptions } from '../../src/token-api/index.ts';

const vocabulary = defineVocabulary({ actions: ['invoices:read'], resources: { invoices: names() } });
const team = { actions: ['invoices:read', 'tokens:read', 'tokens:write'], invoices: ['2026-*'] } as const;
const narrow = { actions: ['invoices:read'], invoices: ['2026-1*'] } as const;

async function setUp(options: TokenApiOptions = {}, store: TokenStore = createMemoryTokenStore()) {
  const auth = createAuth({ vocabulary, store, digestKey: new Uint8Array(32).fill(7) });
  const meter = createMeter({ vocabulary, store: createMemoryLimitStore(), repeat: () => () => undefined });
  const api = createTokenApi(auth, { meter, ...options });
  const issue = async (grant: object) => auth.issue({ name: 'team', grant: grant as typeof team }, auth.operator());
  const { token } = await issue(team);
  async function send(method: string, path: string, body?: unknown, by: string = token) {
    const answer = await api(
      new Request(`http://app.test${path}`, {
        method,
        headers: by === '' ? {} : { authorization: `Bearer ${by}` },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  }
  return { api, auth, issue, send, token };
}

const refused = (status: number, code: string) => ({ status, body: { error: { code } } });

describe('the administration of tokens', () => {
  it('makes a token that works, shows its text once, and lists it', async () => {
    const { auth, send } = await setUp();
    const made = await send('POST', '/tokens', { name: 'ci', grant: narrow, notes: 'for CI', rotateAfter: 60 });
    expect(made).toMatchObject({
      status: 201,
      body: { name: 'ci', grant: narrow, notes: 'for CI', rotationDue: false },
    });
    expect(made.headers.get('cache-control')).toBe('no-store');
    const caller = await auth.verify(made.body.token);
    expect(caller.id).toBe(made.body.id);
    const listed = await send('GET', '/tokens');
    expect(listed.body.tokens.map(({ name }: { name: string }) => name)).toEqual(['team', 'ci']);
    expect(JSON.stringify(listed.body)).not.toContain(made.body.token);
    expect(await send('GET', `/tokens/${made.body.id}`)).toMatchObject({ status: 200, body: { name: 'ci' } });
  });

  it('lists page by page', async () => {
    const { send } = await setUp();
    await send('POST', '/tokens', { name: 'ci', grant: narrow });
    const first = await send('GET', '/tokens?limit=1');
    expect(first.body.tokens).toHaveLength(1);
    const second = await send('GET', `/tokens?limit=1&after=${first.body.next}`);
    expect([second.body.tokens[0].name, second.body.next]).toEqual(['ci', undefined]);
  });

  it('changes, rotates, ends and removes a token', async () => {
    const { auth, send } = await setUp();
    const { id, token } = (await send('POST', '/tokens', { name: 'ci', grant: narrow, notes: 'old' })).body;
    expect((await send('PATCH', `/tokens/${id}`, { name: 'nightly', notes: null })).body).toMatchObject({
      name: 'nightly',
    });
    const rotated = (await send('POST', `/tokens/${id}/rotate`, { overlap: 60 })).body;
    expect((await auth.verify(rotated.token)).name).toBe('nightly');
    expect((await auth.verify(token)).name).toBe('nightly');
    expect((await send('DELETE', `/tokens/${id}`)).body).toMatchObject({ id, stored: true });
    await expect(auth.verify(rotated.token)).rejects.toThrow();
    expect((await send('DELETE', `/tokens/${id}`)).body).toMatchObject({ id, deleted: true });
    expect(await send('GET', `/tokens/${id}`)).toMatchObject(refused(404, 'AUTH_TOKEN_NOT_FOUND'));
  });

  it('ends a token, all of an owner, and the one that is presented', async () => {
    const { auth, send, token } = await setUp();
    const first = (await send('POST', '/tokens', { name: 'one', grant: narrow })).body;
    const second = (await send('POST', '/tokens', { name: 'two', grant: narrow })).body;
    expect((await send('POST', `/tokens/${first.id}/revoke`)).body).toMatchObject({ id: first.id, stored: true });
    const ended = await send('POST', '/tokens/revoke', { owner: (await auth.verify(token)).owner });
    expect(ended.body.revoked.map(({ id }: { id: string }) => id)).toEqual([second.id]);
    expect(await send('POST', '/tokens/revoke-self')).toMatchObject({ status: 200, body: { stored: true } });
    expect(await send('GET', '/tokens')).toMatchObject(refused(401, 'AUTH_TOKEN_REVOKED'));
  });

  it('ends a token also while the store does not answer, and says that it is not stored', async () => {
    let isAway = false;
    const memory = createMemoryTokenStore();
    const store = new Proxy(memory, {
      get(target, name) {
        const member = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => (isAway ? Promise.reject(new Error('away')) : member.apply(target, args));
      },
    });
    const { auth, send } = await setUp({}, store);
    const { id, token } = (await send('POST', '/tokens', { name: 'ci', grant: narrow })).body;
    await auth.verify(token);
    isAway = true;
    expect(await send('DELETE', `/tokens/${id}`)).toMatchObject({ status: 202, body: { id, stored: false } });
    expect(await auth.recall(token)).toBeUndefined();
    expect(await send('GET', '/tokens/x')).toMatchObject(refused(503, 'AUTH_STORE_UNAVAILABLE'));
    isAway = false;
    await auth.close();
  });

  it('lets a caller end its own token from where its grants allow nothing else', async () => {
    const { issue, send } = await setUp();
    const { token } = await issue({ ...narrow, networks: ['10.0.0.0/8'] });
    expect(await send('GET', '/tokens', undefined, token)).toMatchObject(refused(403, 'AUTH_PERMISSION_DENIED'));
    expect((await send('POST', '/tokens/revoke-self', undefined, token)).status).toBe(200);
  });

  it('gives no caller more than it has', async () => {
    const { issue, send } = await setUp();
    const wide = { actions: ['*'], invoices: ['*'] };
    expect(await send('POST', '/tokens', { name: 'ci', grant: wide })).toMatchObject(
      refused(403, 'AUTH_GRANT_NOT_COVERED'),
    );
    const { token } = await issue(narrow);
    for (const [method, path] of [
      ['GET', '/tokens'],
      ['POST', '/tokens'],
      ['PATCH', '/tokens/x'],
      ['DELETE', '/tokens/x'],
    ]) {
      const answer = await send(method ?? '', path ?? '', method === 'GET' ? undefined : {}, token);
      expect(answer).toMatchObject(refused(403, 'AUTH_PERMISSION_DENIED'));
    }
  });

  it.each([
    ['POST', '/tokens', { name: 'ci' }, 'grant is required'],
    ['POST', '/tokens', { name: 'ci', grant: narrow, admin: true }, 'admin'],
    ['POST', '/tokens', { name: 'ci', grant: narrow, constructor: 1 }, 'constructor'],
    ['POST', '/tokens', { name: 7, grant: narrow }, 'name must be of type string'],
    ['POST', '/tokens', { name: 'ci', grant: narrow, rotateAfter: 1.5 }, 'rotateAfter must be of type integer'],
    ['POST', '/tokens', '[]', 'body must be a JSON object'],
    ['POST', '/tokens', '{', 'body must be JSON'],
    ['POST', '/tokens', `{"name":"${'a'.repeat(70_000)}"}`, 'body must not be longer'],
    ['GET', '/tokens?limit=0', undefined, 'limit must be from 1'],
    ['GET', '/tokens?limit=many', undefined, 'limit must be of type integer'],
    ['GET', '/tokens?owner=a&owner=b', undefined, 'owner'],
  ])('says what is wrong with %s %s %j', async (method, path, body, problem) => {
    const { send } = await setUp();
    const answer = await send(method, path, body);
    expect(answer).toMatchObject(refused(400, 'AUTH_INPUT_INVALID'));
    expect(answer.body.error.message).toContain(problem);
  });

  it('asks for a token before anything else, also where there is nothing', async () => {
    const { send } = await setUp();
    for (const path of ['/tokens', '/tokens/x', '/tokens/openapi.json', '/tokens/x/y/z', '/elsewhere']) {
      expect(await send('GET', path, undefined, '')).toMatchObject(refused(401, 'AUTH_TOKEN_MISSING'));
    }
    for (const path of ['/tokens/x/y/z', '/tokensx', '/elsewhere', '/tokens/%ZZ']) {
      expect(await send('GET', path)).toMatchObject(refused(404, 'NOT_FOUND'));
    }
    expect(await send('PUT', '/tokens')).toMatchObject(refused(404, 'NOT_FOUND'));
  });

  it('refuses without reading the body', async () => {
    const { api } = await setUp();
    const body = new ReadableStream({ pull: () => new Promise(() => undefined) });
    const request = new Request('http://app.test/tokens', { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect((await api(request)).status).toBe(401);
  });

  it('counts requests against the limits of their callers', async () => {
    const { issue, send } = await setUp();
    const { token } = await issue({ ...team, limits: { requestsPerMinute: 1 } });
    expect((await send('GET', '/tokens', undefined, token)).headers.get('ratelimit')).toContain('r=0');
    expect(await send('GET', '/tokens', undefined, token)).toMatchObject(refused(429, 'AUTH_LIMIT_EXCEEDED'));
  });

  it('describes itself, with the grants of its server', async () => {
    const { api, send } = await setUp({ path: '/api/v1/tokens' });
    const { body } = await send('GET', '/api/v1/tokens/openapi.json');
    expect(body).toEqual(JSON.parse(JSON.stringify(api.openapi)));
    expect(Object.keys(body.paths)).toEqual([
      '/api/v1/tokens',
      '/api/v1/tokens/revoke',
      '/api/v1/tokens/revoke-self',
      '/api/v1/tokens/{id}',
      '/api/v1/tokens/{id}/rotate',
      '/api/v1/tokens/{id}/revoke',
    ]);
    expect(body.components.schemas.Grant.properties).toHaveProperty('invoices');
    expect(body.paths['/api/v1/tokens'].post.requestBody.content['application/json'].schema).toMatchObject({
      required: ['name', 'grant'],
      additionalProperties: false,
    });
    const ids = Object.values(body.paths).flatMap((path) =>
      Object.values(path as object).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(9);
  });

  it('reports each refusal', async () => {
    const reported: string[] = [];
    const { send } = await setUp({ onError: ({ code }) => void reported.push(code) });
    await send('GET', '/tokens', undefined, '');
    expect(reported).toEqual(['AUTH_TOKEN_MISSING']);
  });

  it.each(['tokens', '/tokens/', '/to kens', ''])('is not mounted at %j', async (path) => {
    await expect(setUp({ path })).rejects.toThrow(TypeError);
  });
});
