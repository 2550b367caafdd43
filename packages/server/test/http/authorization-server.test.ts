import { decodeJwt } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { ECHO_OF_A, newScene, REDIRECT, RESOURCE } from './authorization-scene.ts';
import { send } from './in-process-client.ts';
import { call, post, toolNames } from './mcp-client.ts';
import { ISSUER, newServer } from './new-server.ts';

const PATHS = [
  ['GET', '/.well-known/oauth-authorization-server'],
  ['GET', '/.well-known/oauth-protected-resource'],
  ['GET', '/.well-known/oauth-protected-resource/mcp'],
  ['GET', '/oauth/authorize'],
  ['POST', '/oauth/register'],
] as const;

describe('the authorization server of /mcp', () => {
  it('is not there by default', async () => {
    const server = await newServer();
    for (const [method, path] of PATHS) {
      const body = method === 'POST' ? { body: { redirect_uris: [REDIRECT] } } : {};
      expect((await send(server.app, { method, path, ...body })).status).toBe(404);
    }
    const challenged = await post(server, undefined, {});
    expect(challenged.headers['www-authenticate']).toBe('Bearer realm="latchkey"');
    const form = 'grant_type=authorization_code&code=x&client_id=y&code_verifier=z';
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const refused = await send(server.app, { method: 'POST', path: '/oauth/token', body: form, headers });
    expect(refused.json()).toMatchObject({ error: 'unsupported_grant_type' });
  });

  it('is found from a 401 alone', async () => {
    const { server } = await newScene();
    const { status, headers } = await post(server, undefined, {});
    const metadata = `${ISSUER}/.well-known/oauth-protected-resource/mcp`;
    expect([status, headers['www-authenticate']]).toEqual([
      401,
      `Bearer realm="latchkey", resource_metadata="${metadata}", scope="chat"`,
    ]);
    for (const path of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'])
      expect((await send(server.app, { path })).json()).toMatchObject({
        resource: RESOURCE,
        authorization_servers: [ISSUER],
        scopes_supported: ['chat'],
      });
    expect((await send(server.app, { path: '/.well-known/oauth-authorization-server' })).json()).toMatchObject({
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/oauth/authorize`,
      token_endpoint: `${ISSUER}/oauth/token`,
      registration_endpoint: `${ISSUER}/oauth/register`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    });
    const weak = await server.issue({ actions: ['models:read'] });
    expect((await post(server, weak, {})).headers['www-authenticate']).toMatch(
      /error="insufficient_scope".*, resource_metadata=".*", scope="chat"$/,
    );
  });

  it('shows a person who asks, where the answer goes and what there is to use', async () => {
    const { page, request, server } = await newScene({
      grant: {
        actions: ['chat'],
        mcp: { 'mcp/a': { tools: { echo: { approval: 'ask', arguments: { text: { maxLength: 9 } } } } } },
      },
    });
    const sent = await send(server.app, { path: `/oauth/authorize?${new URLSearchParams(request({ junk: 'x' }))}` });
    expect([sent.status, sent.headers.location]).toEqual([
      303,
      `../console/authorize?${new URLSearchParams(request())}`,
    ]);
    const shown = await page.send(`/api/v1/oauth/authorization?${new URLSearchParams(request())}`);
    expect(shown.json()).toMatchObject({
      client: { name: 'An Editor', host: null },
      redirect: { kind: 'loopback', place: '127.0.0.1:4000' },
      token: { name: 'mara' },
      servers: [
        {
          id: 'mcp/a',
          tools: [{ name: 'echo', approval: true, conditions: [{ argument: 'text', rule: { maxLength: 9 } }] }],
        },
      ],
    });
  });

  it('lets a client in for what the person has ticked, in tokens that end', async () => {
    const { server, answered, redeem, refresh } = await newScene();
    const url = await answered();
    expect(url.href.startsWith(`${REDIRECT}?code=`)).toBe(true);
    expect([url.searchParams.get('state'), url.searchParams.get('iss')]).toEqual(['the state', ISSUER]);

    const made = await redeem(url.searchParams.get('code') ?? '');
    expect([made.status, made.headers['cache-control']]).toEqual([200, 'no-store']);
    const { access_token: access, refresh_token: first, ...others } = made.json() as Record<string, string>;
    expect(others).toEqual({ token_type: 'Bearer', expires_in: expect.any(Number), scope: 'chat' });
    expect(decodeJwt(access ?? '').aud).toBe(RESOURCE);
    expect(await toolNames(server, access ?? '')).toEqual(['echo']);
    expect((await call(server, access ?? '', 'echo', { text: 'red' })).result).toMatchObject({ isError: false });

    const again = (await refresh(first ?? '')).json() as Record<string, string>;
    expect(again.refresh_token).not.toBe(first);
    expect(await toolNames(server, again.access_token ?? '')).toEqual(['echo']);
  });

  it('renews once more when the answer was lost, and each time its client came back late', async () => {
    const { server, connect, refresh } = await newScene();
    let { refresh: held } = await connect();
    for (let time = 0; time < 3; time += 1) {
      await refresh(held);
      const answer = (await refresh(held)).json() as Record<string, string>;
      expect(await toolNames(server, answer.access_token ?? '')).toEqual(['echo']);
      held = answer.refresh_token ?? '';
    }
  });

  it('renews for requests of one client that come at once, or has them try again', async () => {
    const { connect, refresh } = await newScene();
    const { refresh: held } = await connect();
    const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(held)));
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 503)).toEqual([]);
    expect((await refresh(held)).status).toBe(200);
  });

  it('sends a refusal back with the state and the issuer', async () => {
    const { answered } = await newScene();
    const url = await answered({ allow: false });
    expect(Object.fromEntries(url.searchParams)).toEqual({ error: 'access_denied', state: 'the state', iss: ISSUER });
  });

  it('derives from the token of the person: it is listed, narrowed by it, and ends with it', async () => {
    const { server, connect, refresh } = await newScene();
    const everything = [
      { id: 'mcp/a', tools: ['*'] },
      { id: 'mcp/b', tools: ['*'] },
    ];
    const { access, refresh: refreshToken } = await connect({ servers: everything });
    expect(await toolNames(server, access)).toContain('b__echo');
    expect(await toolNames(server, access)).not.toContain('b__fail');

    const listed = await server.auth.list(server.auth.operator());
    const [person, client] = ['mara', 'MCP client: An Editor'].map((name) => listed.find((one) => one.name === name));
    expect(client).toMatchObject({ parentId: person?.id, kind: 'api-key' });
    const types = (await server.audit.list({})).map(({ type }) => type);
    expect(types).toContain('oauth.allowed');

    await server.auth.revoke(person?.id ?? '', server.auth.operator());
    expect((await post(server, access, {})).status).toBe(401);
    expect((await refresh(refreshToken)).json()).toMatchObject({ error: 'invalid_grant' });
    await server.sweepConnections();
    expect(await server.shared.connections?.all()).toEqual([]);
  });

  it('ends a connection when the client gives its refresh token back', async () => {
    const { server, connect, post: send, refresh } = await newScene();
    const { access, refresh: refreshToken } = await connect();
    expect((await send('/oauth/revoke', { token: refreshToken })).status).toBe(200);
    expect((await post(server, access, {})).status).toBe(401);
    expect((await refresh(refreshToken)).status).toBe(400);
    expect((await send('/oauth/revoke', { token: refreshToken })).status).toBe(200);
  });

  it('never lets a client stay longer than the token of its person, nor than was chosen', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    for (const scene of [await newScene({ expiresAt }), await newScene()]) {
      await scene.allow({ days: 1 });
      const listed = await scene.server.auth.list(scene.server.auth.operator());
      const [ends] = listed.flatMap(({ name, expiresAt: end }) => (name.startsWith('MCP client') ? [end] : []));
      const [person] = listed.flatMap(({ name, expiresAt: end }) => (name === 'mara' ? [end] : []));
      if (person === undefined) expect(Date.parse(ends ?? '')).toBeLessThanOrEqual(Date.now() + 86_400_000);
      else expect(ends).toBe(person);
    }
  });

  it('ends what was allowed when its code is not redeemed within a minute', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      const { server, allow, redeem } = await newScene();
      const code = await allow();
      vi.setSystemTime(Date.now() + 60_001);
      await server.sweepConnections();
      expect(await server.shared.connections?.all()).toEqual([]);
      expect((await redeem(code)).json()).toMatchObject({ error: 'invalid_grant' });
      const late = await allow({ servers: ECHO_OF_A });
      vi.setSystemTime(Date.now() + 60_001);
      expect((await redeem(late)).json()).toMatchObject({ error: 'invalid_grant' });
      const clients = (await server.auth.list(server.auth.operator())).filter(({ name }) => name.startsWith('MCP'));
      expect(clients.map(({ revokedAt }) => revokedAt !== undefined)).toEqual([true, true]);
    } finally {
      vi.useRealTimers();
    }
  });
});
