import { describe, expect, it } from 'vitest';
import { readPerson } from '../../src/openid/person.ts';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';
import type { ProviderConduct } from './provider-server.ts';
import { cookiesOf, GRANTS, newScene } from './sign-in-scene.ts';

const TEAM: ProviderConduct = { claims: { groups: ['team'], email: 'mara@example.com', email_verified: true } };
const MANY_BYTES = 2_000_000;

/** What a token itself may do, below the policy of the server. */
const grantOf = (authority: unknown) => (authority as readonly { readonly grant: unknown }[]).at(-1)?.grant;

describe('signing in with an account of a provider', () => {
  it('starts a session with the grant of the first group that fits', async () => {
    const scene = await newScene();
    scene.provider.conduct = { claims: { ...TEAM.claims, groups: ['other', 'team', 'admins'] } };
    const { location, send: ask } = await scene.signIn();
    expect(location).toMatch(/^\.\.\/console\/#session=[\w-]{22}\.[\w-]{43}$/);
    const { owner, name, authority } = (await ask('/api/v1/whoami')).json();
    expect({ owner, name }).toEqual({ owner: 'mara@example.com', name: 'Signed in: mara@example.com' });
    expect(grantOf(authority)).toMatchObject({ actions: ['*'] });
  });

  it('is offered on the sign-in page', async () => {
    const { server } = await newScene();
    const { app } = server;
    expect((await send(app, { path: '/api/v1/sign-in' })).json()).toEqual({
      openid: { name: 'Example', url: 'http://localhost/openid/start' },
    });
  });

  it('does not exist where it is not configured', async () => {
    const { app } = await newServer();
    expect((await send(app, { path: '/api/v1/sign-in' })).json()).toEqual({ openid: null });
    for (const path of ['/openid/start', '/openid/callback?code=a&state=b']) {
      expect(await send(app, { path })).toMatchObject({ status: 404 });
    }
  });

  it('is not configured with what is no grant, and says where that stands', async () => {
    const openid = { issuer: 'https://id.example.com', clientId: 'a' };
    const grants = [...GRANTS, { group: '*', grant: { actions: 'chat' } }];
    await expect(newServer({ openid: { ...openid, grants } })).rejects.toThrow(/^openid\.grants\[2\]\.grant\.actions/);
  });

  it('asks the provider with PKCE, a state and a nonce, and redeems the code with the secret', async () => {
    const scene = await newScene(
      { secretVariable: 'PROVIDER_SECRET' },
      { environment: { PROVIDER_SECRET: 'a secret' } },
    );
    scene.provider.conduct = TEAM;
    const { url } = await scene.begin();
    const asked = new URL(url).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      client_id: 'latchkey',
      redirect_uri: 'http://localhost/openid/callback',
      response_type: 'code',
      scope: 'openid email profile',
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    await scene.signIn();
    expect(scene.provider.authorizations).toEqual([`Basic ${btoa('latchkey:a+secret')}`]);
    expect(scene.provider.forms[0]?.get('code_verifier')).toMatch(/^[\w-]{43}$/);
  });

  it('leads back to the page that was asked for', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const { location } = await scene.signIn('/console/authorize?client_id=a%26b&state=c');
    expect(location).toMatch(/^\.\.\/console\/authorize\?client_id=a%26b&state=c#session=/);
  });

  it.each([
    'https://evil.example/console/',
    '//evil.example/console/',
    '/\\evil.example/console',
    '/console/../../evil',
    '/consoles',
    'javascript:alert(1)',
    `/console/${'a'.repeat(5000)}`,
  ])('leads nowhere else: %s', async (to) => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    expect((await scene.signIn(to)).location).toMatch(/^\.\.\/console\/#session=/);
  });

  it('takes the groups from the UserInfo endpoint when the ID token has none', async () => {
    const scene = await newScene();
    scene.provider.conduct = { userinfo: { groups: ['team'], email: 'mara@example.com', email_verified: true } };
    const { send: ask } = await scene.signIn();
    expect((await ask('/api/v1/whoami')).json()).toMatchObject({ owner: 'mara@example.com' });
  });

  it('takes no claims of another person from the UserInfo endpoint', async () => {
    const scene = await newScene();
    scene.provider.conduct = { userinfo: { sub: 'another', groups: ['admins'] } };
    expect((await scene.signIn()).fragment).toBe('sign-in-failed=invalid');
  });

  it.each([
    ['was not verified', { email: 'boss@example.com', email_verified: false }],
    ['nobody has vouched for', { email: 'boss@example.com' }],
    ['is said to be verified in words', { email: 'boss@example.com', email_verified: 'true' }],
    ['cannot be shown', { email: 'boss\u202e@example.com', email_verified: true }],
  ])('does not name a person by an address that %s', async (_, claims) => {
    const scene = await newScene();
    scene.provider.conduct = { claims: { groups: ['team'], ...claims } };
    const { send: ask } = await scene.signIn();
    const { owner, email } = (await ask('/api/v1/whoami')).json();
    expect({ owner, email }).toEqual({
      owner: `mara-1 (${scene.provider.issuer.slice('http://'.length)})`,
      email: null,
    });
  });
});

describe('the owner of the tokens of a person', () => {
  it.each([
    ['an address that is not the own one', 'boss@example.com', /^boss@example\.com \(127\.0\.0\.1:\d+\)$/],
    ['too long', 'x'.repeat(200), /^person [0-9a-f]{64}$/],
    ['more than it looks like', 'mara\u200b', /^person [0-9a-f]{64}$/],
  ])('is no subject that is %s', async (_, sub, expected) => {
    const scene = await newScene({ grants: [{ group: '*', grant: { actions: ['chat'] } }] });
    scene.provider.conduct = { claims: { sub }, userinfo: { sub } };
    const { owner, email } = (await (await scene.signIn()).send('/api/v1/whoami')).json();
    expect(owner).toMatch(expected);
    expect(email).toBeNull();
  });

  it('differs for two subjects that begin alike', () => {
    const owners = ['a', 'b'].map(
      (end) => readPerson('https://id.example.com', 'x'.repeat(200) + end, {}, 'groups').owner,
    );
    expect(new Set(owners).size).toBe(2);
  });
});

describe('a session of an account', () => {
  it('lasts as long as the configuration says', async () => {
    const scene = await newScene({ sessionHours: 2 });
    scene.provider.conduct = TEAM;
    const before = Date.now();
    const { send: ask } = await scene.signIn();
    const { sessions } = (await ask('/api/v1/sessions')).json() as { sessions: readonly { expiresAt: string }[] };
    const hours = (Date.parse(sessions[0]?.expiresAt ?? '') - before) / 3_600_000;
    expect(hours).toBeGreaterThanOrEqual(2);
    expect(hours).toBeLessThan(3);
  });
});

describe('a person', () => {
  it('has one token through all sign-ins, with the grant of the last one', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const first = (await (await scene.signIn()).send('/api/v1/whoami')).json();
    scene.provider.conduct = { claims: { ...TEAM.claims, groups: ['admins'] } };
    const second = (await (await scene.signIn()).send('/api/v1/whoami')).json();
    expect(second.id).toBe(first.id);
    expect(grantOf(second.authority)).toMatchObject({ actions: ['*'] });
  });

  it('without a group that fits is not let in, and loses what was made before', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const before = await scene.signIn();
    scene.provider.conduct = { claims: { ...TEAM.claims, groups: ['guests'] } };
    expect((await scene.signIn()).fragment).toBe('sign-in-failed=no-grant');
    expect((await before.send('/api/v1/whoami')).status).toBe(401);
    const entries = await scene.server.audit.list({ type: 'openid.refused' });
    expect(entries).toMatchObject([{ type: 'openid.refused', actor: { owner: 'mara@example.com' } }]);
  });

  it('whose token was revoked gets another one', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const { auth } = scene.server;
    const { id } = (await (await scene.signIn()).send('/api/v1/whoami')).json() as { id: string };
    await auth.revoke(id, auth.operator());
    const again = (await (await scene.signIn()).send('/api/v1/whoami')).json();
    expect(again).toMatchObject({ id: expect.any(String), owner: 'mara@example.com' });
    expect(again.id).not.toBe(id);
  });

  it('who signs in twice at once has one token', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const sessions = await Promise.all([scene.signIn(), scene.signIn(), scene.signIn()]);
    const ids = await Promise.all(sessions.map(async ({ send: ask }) => (await ask('/api/v1/whoami')).json().id));
    expect(new Set(ids).size).toBe(1);
    const { auth } = scene.server;
    const listed = await auth.list(auth.operator(), { owner: 'mara@example.com' });
    expect(listed.filter(({ revokedAt }) => revokedAt === undefined)).toHaveLength(1);
  });

  it('is another person at another provider', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const other = await newScene({}, { shares: scene.server.shared });
    other.provider.conduct = { claims: { ...TEAM.claims, groups: ['admins'] } };
    const [one, two] = [await scene.signIn(), await other.signIn()];
    const [first, second] = [(await one.send('/api/v1/whoami')).json(), (await two.send('/api/v1/whoami')).json()];
    expect(second.id).not.toBe(first.id);
    expect(grantOf(first.authority)).toMatchObject({ actions: ['chat', 'models:read', 'tokens:write'] });
  });

  it('is held to the networks of the grant', async () => {
    const grant = { ...GRANTS[1]?.grant, networks: ['10.1.0.0/16'] };
    const scene = await newScene({ grants: [{ group: '*', grant }] });
    expect((await scene.signIn()).fragment).toBe('sign-in-failed=denied');
  });
});

describe('a provider', () => {
  const now = () => Math.floor(Date.now() / 1000);
  it.each<readonly [string, ProviderConduct]>([
    ['of another issuer', { claims: { iss: 'https://evil.example' } }],
    ['whose token is for another client', { claims: { aud: 'another' } }],
    [
      'whose token is for several, and was made for another',
      { claims: { aud: ['latchkey', 'another'], azp: 'another' } },
    ],
    ['whose token is of another sign-in', { claims: { nonce: 'another' } }],
    ['whose token has no nonce', { claims: { nonce: undefined as never } }],
    ['whose token has expired', { claims: { exp: now() - 120 } }],
    ['whose clock is an hour ahead', { claims: { iat: now() + 3600, nbf: now() + 3600, exp: now() + 7200 } }],
    ['whose token names no person', { claims: { sub: undefined as never } }],
    ['that signs with a key that it does not publish', { foreignKey: true }],
    ['that does not sign', { algorithm: 'none' }],
    [
      'that gives no ID token',
      {
        answer: (response) =>
          response
            .writeHead(200, { 'Content-Type': 'application/json' })
            .end('{"access_token":"a","token_type":"Bearer"}'),
      },
    ],
    [
      'that answers with an error',
      {
        answer: (response) =>
          response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"error":"invalid_grant"}'),
      },
    ],
    [
      'that answers with a page',
      { answer: (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>hello') },
    ],
    ['that answers with more than a mebibyte', { blanks: MANY_BYTES }],
    [
      'that leads to another address',
      { answer: (response) => response.writeHead(307, { Location: 'http://127.0.0.1:9/' }).end() },
    ],
  ])('%s lets no person in', async (_, conduct) => {
    const scene = await newScene({ grants: [{ group: '*', grant: { actions: ['*'] } }] });
    scene.provider.conduct = conduct;
    const { fragment, cookies } = await scene.signIn();
    expect(fragment).toBe('sign-in-failed=invalid');
    expect(cookies).toEqual([]);
  });

  it('whose metadata is that of another issuer is not asked', async () => {
    const scene = await newScene();
    scene.provider.conduct = { metadataIssuer: 'https://evil.example' };
    expect((await scene.begin()).url).toBe('../console/#sign-in-failed=invalid');
  });

  it('that does not answer is told, and is asked again by the next sign-in', async () => {
    const scene = await newScene();
    scene.provider.conduct = { metadataIssuer: 'https://evil.example' };
    await scene.begin();
    scene.provider.conduct = TEAM;
    expect((await scene.signIn()).fragment).toMatch(/^session=/);
    const away = await newServer({
      publicUrl: 'http://localhost',
      openid: { issuer: 'http://127.0.0.1:9', clientId: 'latchkey', grants: GRANTS },
    });
    const { headers } = await send(away.app, { path: '/openid/start' });
    expect(headers.location).toBe('../console/#sign-in-failed=unreachable');
  });

  it('that refuses is told as that', async () => {
    const scene = await newScene();
    const { url, cookie } = await scene.begin();
    const state = new URL(url).searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error: 'access_denied', state, iss: scene.provider.issuer });
    const { headers } = await scene.comeBack(query.toString(), cookie);
    expect(headers.location).toBe('../console/#sign-in-failed=refused');
  });
});

describe('a browser', () => {
  it('that has not begun a sign-in cannot finish one', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const { url } = await scene.begin();
    const answer = await scene.comeBack(scene.provider.answer(url));
    expect(answer.headers.location).toBe('../console/#sign-in-failed=expired');
    expect(scene.provider.forms).toEqual([]);
  });

  it('cannot finish the sign-in of another browser', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const [one, other] = [await scene.begin(), await scene.begin()];
    const answer = await scene.comeBack(scene.provider.answer(one.url), other.cookie);
    expect(answer.headers.location).toBe('../console/#sign-in-failed=invalid');
    expect(cookiesOf(answer)).toEqual([]);
    expect(scene.provider.forms).toEqual([]);
  });

  it('cannot finish one twice', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const { url, cookie } = await scene.begin();
    const query = scene.provider.answer(url);
    expect((await scene.comeBack(query, cookie)).headers.location).toMatch(/#session=/);
    expect((await scene.comeBack(query, cookie)).headers.location).toBe('../console/#sign-in-failed=invalid');
  });

  it('that comes back with the answer of another provider is not let in', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const { url, cookie } = await scene.begin();
    const query = new URLSearchParams(scene.provider.answer(url));
    query.set('iss', 'https://evil.example');
    const answer = await scene.comeBack(query.toString(), cookie);
    expect(answer.headers.location).toBe('../console/#sign-in-failed=invalid');
    expect(scene.provider.forms).toEqual([]);
  });

  it('keeps its secrets out of reach: of scripts, of other sites, and of a copy that is read', async () => {
    const scene = await newScene();
    scene.provider.conduct = TEAM;
    const { answer, url, cookie } = await scene.begin();
    const [line = ''] = answer.headers['set-cookie'] ?? [];
    expect(line).toMatch(/; Max-Age=600; HttpOnly; SameSite=Lax$/);
    const state = new URL(url).searchParams.get('state') ?? '';
    expect(Buffer.from(cookie.split('=')[1] ?? '', 'base64url').toString()).not.toContain(state);
    const done = await scene.comeBack(scene.provider.answer(url), cookie);
    expect(done.headers['set-cookie']).toEqual([
      'latchkey-sign-in=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
      expect.stringMatching(/^latchkey-session=.*; HttpOnly; SameSite=Strict$/),
    ]);
    expect(scene.server.log.join('')).not.toContain(cookiesOf(done)[0]?.split('=')[1]);
  });
});
