import { describe, expect, it } from 'vitest';
import { challengeOf, ECHO_OF_A, newScene, REDIRECT, RESOURCE, VERIFIER } from '../http/authorization-scene.ts';
import { send } from '../http/in-process-client.ts';
import { post } from '../http/mcp-client.ts';
import { ISSUER } from '../http/new-server.ts';

/** The tokens of clients that were let in, and whether each has ended. */
const clientsOf = async ({ auth }: Awaited<ReturnType<typeof newScene>>['server']) =>
  (await auth.list(auth.operator())).filter(({ name }) => name.startsWith('MCP client'));

describe('a hostile client of /mcp', () => {
  it.each<[string, Record<string, unknown>]>([
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['a plain challenge', { code_challenge: VERIFIER, code_challenge_method: 'plain' }],
    ['a challenge without a method', { code_challenge_method: undefined }],
    ['a short challenge', { code_challenge: 'abc' }],
    ['no resource', { resource: undefined }],
    ['the resource of another server', { resource: 'https://other.example/mcp' }],
    ['the server as the resource', { resource: ISSUER }],
    ['a resource with more behind', { resource: `${RESOURCE}/more` }],
    ['a resource with a fragment', { resource: `${RESOURCE}#x` }],
    ['no redirect', { redirect_uri: undefined }],
    ['a redirect elsewhere', { redirect_uri: 'https://evil.example/callback' }],
    ['a redirect below its own', { redirect_uri: `${REDIRECT}/../x` }],
    ['a redirect with a query', { redirect_uri: `${REDIRECT}?x=1` }],
    ['a redirect by a user name', { redirect_uri: 'http://127.0.0.1:4000@evil.example/callback' }],
    ['a script as the redirect', { redirect_uri: 'javascript:alert(1)' }],
    ['tokens in the URL', { response_type: 'token' }],
    ['an id that was made up', { client_id: 'lkc_W10.abc' }],
    ['an id of nobody', { client_id: 'nobody' }],
    ['no id', { client_id: undefined }],
    ['a description on this machine', { client_id: 'https://127.0.0.1/client.json' }],
    ['a description by the metadata of a cloud', { client_id: 'https://169.254.169.254/client.json' }],
    ['a description without TLS', { client_id: 'http://localhost/client.json' }],
    ['a long state', { state: 'x'.repeat(5000) }],
  ])('gets neither a page nor a code with %s, and its person is sent nowhere', async (_, changes) => {
    const { page, request, decide, server } = await newScene();
    const query = new URLSearchParams(request(changes)).toString();
    const begun = await send(server.app, { path: `/oauth/authorize?${query}` });
    expect(begun.headers.location).toMatch(/^\.\.\/console\/authorize\?/);
    const shown = await page.send(`/api/v1/oauth/authorization?${query}`);
    const decided = await decide({}, changes);
    const refused = await decide({ allow: false }, changes);
    for (const answer of [shown, decided, refused]) {
      expect(answer.status, answer.text).toBe(400);
      expect(answer.json()).not.toHaveProperty('redirect');
    }
    expect(await clientsOf(server)).toEqual([]);
  });

  it('cannot say a parameter twice', async () => {
    const { page, request } = await newScene();
    const query = `${new URLSearchParams(request())}&redirect_uri=https%3A%2F%2Fevil.example%2F`;
    expect((await page.send(`/api/v1/oauth/authorization?${query}`)).status).toBe(400);
  });

  it('ends its connection by a code that is used twice', async () => {
    const { server, allow, redeem, refresh } = await newScene();
    const code = await allow();
    const { access_token: access, refresh_token: token } = (await redeem(code)).json() as Record<string, string>;
    expect((await redeem(code)).json()).toMatchObject({ error: 'invalid_grant' });
    expect((await post(server, access, {})).status).toBe(401);
    expect((await refresh(token ?? '')).json()).toMatchObject({ error: 'invalid_grant' });
    expect((await server.audit.list({})).map(({ type }) => type)).toContain('oauth.reused');
  });

  it('gets one answer when it redeems a code many times at once, and then has nothing', async () => {
    const { server, allow, redeem } = await newScene();
    const code = await allow();
    const answers = await Promise.all(Array.from({ length: 6 }, () => redeem(code)));
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1);
    expect((await clientsOf(server)).every(({ revokedAt }) => revokedAt !== undefined)).toBe(true);
  });

  it.each<[string, Record<string, unknown>]>([
    ['another verifier', { code_verifier: 'w'.repeat(43) }],
    ['the challenge as the verifier', { code_verifier: challengeOf(VERIFIER) }],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:4001/callback' }],
    ['the id of another client', { client_id: 'https://app.example/client.json' }],
  ])('cannot redeem the code of another with %s, nor can anybody after that', async (_, changes) => {
    const { allow, redeem } = await newScene();
    const code = await allow();
    expect((await redeem(code, changes)).json()).toMatchObject({ error: 'invalid_grant' });
    expect((await redeem(code)).json()).toMatchObject({ error: 'invalid_grant' });
  });

  it.each<[string, Record<string, unknown>]>([
    ['no verifier', { code_verifier: undefined }],
    ['no client', { client_id: undefined }],
    ['the resource of another server', { resource: 'https://other.example/mcp' }],
    ['a code that was made up', { code: `${'a'.repeat(22)}.${'b'.repeat(43)}` }],
  ])('gets no token with %s', async (_, changes) => {
    const { allow, redeem } = await newScene();
    expect((await redeem(await allow(), changes)).status).toBe(400);
  });

  it('cannot end a connection whose id it knows, by a code or a token that it made up', async () => {
    const { allow, redeem, refresh } = await newScene();
    const code = await allow();
    const [id = ''] = code.split('.');
    expect((await redeem(`${id}.${'a'.repeat(43)}`)).status).toBe(400);
    const { refresh_token: token } = (await redeem(code)).json() as Record<string, string>;
    expect((await refresh(`lkr_${id}.${'a'.repeat(43)}.${'b'.repeat(22)}`)).status).toBe(400);
    expect((await refresh(token ?? '')).status).toBe(200);
  });

  it('and the thief of its refresh token lose the connection, whoever of them comes first', async () => {
    for (const theThiefIsFirst of [true, false]) {
      const { connect, refresh } = await newScene();
      const { refresh: copied } = await connect();
      const [one, other] = [(await refresh(copied)).json(), (await refresh(copied)).json()] as Record<string, string>[];
      const [first, second] = theThiefIsFirst ? [one, other] : [other, one];
      await refresh(first?.refresh_token ?? '');
      expect((await refresh(second?.refresh_token ?? '')).json()).toMatchObject({ error: 'invalid_grant' });
      expect((await refresh(first?.refresh_token ?? '')).json()).toMatchObject({ error: 'invalid_grant' });
    }
  });

  it('ends its connection by a refresh token of which a later one was used', async () => {
    const { server, connect, refresh } = await newScene();
    const { refresh: first } = await connect();
    const second = (await refresh(first)).json() as Record<string, string>;
    const third = (await refresh(second.refresh_token ?? '')).json() as Record<string, string>;
    expect((await refresh(first)).json()).toMatchObject({ error: 'invalid_grant' });
    expect((await refresh(third.refresh_token ?? '')).json()).toMatchObject({ error: 'invalid_grant' });
    expect((await post(server, third.access_token, {})).status).toBe(401);
    const [reused] = (await server.audit.list({})).filter(({ type }) => type === 'oauth.reused');
    expect(JSON.stringify(reused)).not.toContain(first);
    expect(reused?.details).toMatchObject({ what: 'refresh token' });
  });

  it('cannot use the refresh token of another client', async () => {
    const { connect, refresh } = await newScene();
    const { refresh: token } = await connect();
    const stolen = await refresh(token, { client_id: 'https://app.example/client.json' });
    expect(stolen.json()).toMatchObject({ error: 'invalid_grant' });
    expect((await refresh(token)).status).toBe(200);
  });

  it('can use its token at /mcp and nowhere else, and its refresh token nowhere', async () => {
    const { server, connect } = await newScene();
    const { access, refresh } = await connect();
    const everywhere = [
      { path: '/api/v1/whoami' },
      { path: '/api/v1/models' },
      { path: '/api/v1/sessions' },
      { method: 'POST', path: '/api/v1/can', body: { action: 'chat' } },
      { method: 'POST', path: '/v1/chat/completions', body: { model: 'ibm/granite', messages: [] } },
    ];
    for (const call of everywhere) {
      const { status, headers } = await send(server.app, { ...call, token: access });
      expect([call.path, status]).toEqual([call.path, 401]);
      expect(headers['www-authenticate']).toContain('invalid_token');
    }
    const exchange = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: access,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const exchanged = await send(server.app, { method: 'POST', path: '/oauth/token', body: `${exchange}`, headers });
    expect([exchanged.status, exchanged.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
    const session = { method: 'POST', path: '/api/v1/sessions', body: { token: access } };
    expect((await send(server.app, { ...session, headers: { origin: 'http://localhost' } })).status).toBe(401);
    expect((await post(server, refresh, {})).status).toBe(401);
    // Only the end of itself is left to it.
    const ended = await send(server.app, { method: 'POST', path: '/api/v1/tokens/revoke-self', token: access });
    expect(ended.status).toBe(200);
  });

  it('gets no consent but by a page of the console', async () => {
    const { server, token, page, request } = await newScene();
    const body = { request: request(), allow: true, servers: ECHO_OF_A };
    const call = { method: 'POST', path: '/api/v1/oauth/authorization', body };
    const tries = [
      // A page elsewhere makes the browser send its cookie; it has no page key.
      { headers: { cookie: page.cookie } },
      { headers: { cookie: page.cookie, 'latchkey-page-key': 'a'.repeat(43) } },
      { headers: { ...page.headers, origin: 'https://evil.example' } },
      // What a browser adds by itself, or a program has.
      { token },
    ];
    for (const given of tries)
      expect((await send(server.app, { ...call, ...given })).status).toBeGreaterThanOrEqual(401);
    const asForm = { ...page.headers, 'content-type': 'text/plain' };
    expect((await send(server.app, { ...call, body: JSON.stringify(body), headers: asForm })).status).toBe(415);
    expect(await clientsOf(server)).toEqual([]);
  });

  it('cannot frame the page, nor have it opened by another', async () => {
    const { server, request } = await newScene();
    const path = `/console/authorize?${new URLSearchParams(request())}`;
    const { headers } = await send(server.app, { path });
    if (headers['content-security-policy'] === undefined) throw new Error('the console is not built');
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' });
  });

  it.each([
    ['all servers', [{ id: '*', tools: ['*'] }]],
    ['a pattern of servers', [{ id: 'mcp/*', tools: ['echo'] }]],
    ['a pattern of tools', [{ id: 'mcp/a', tools: ['e*'] }]],
    ['a class of tools', [{ id: 'mcp/a', tools: ['@readOnly'] }]],
    ['a tool with the name of a class among others', [{ id: 'mcp/a', tools: ['echo', '@destructive'] }]],
    ['nothing', []],
    [
      'more than fits into a token',
      [{ id: 'mcp/a', tools: Array.from({ length: 400 }, (_, at) => `tool_number_${at}`) }],
    ],
  ])('is not given %s', async (_, servers) => {
    const { decide, server } = await newScene();
    expect((await decide({ servers })).status).toBe(400);
    expect(await clientsOf(server)).toEqual([]);
  });

  it('leaves nothing in the database that opens anything', async () => {
    const { server, allow, redeem } = await newScene();
    const code = await allow();
    const before = JSON.stringify(await server.shared.connections?.all());
    const { refresh_token: token } = (await redeem(code)).json() as Record<string, string>;
    const after = JSON.stringify(await server.shared.connections?.all());
    for (const secret of [code, code.split('.')[1] ?? '', token ?? '', 'sk-lm-'])
      expect(`${before}${after}`).not.toContain(secret);
  });
});
