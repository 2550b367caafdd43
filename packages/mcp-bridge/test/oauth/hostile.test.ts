import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { LoginError } from '../../src/index.ts';
import { createOAuthRequests } from '../../src/oauth/oauth-requests.ts';
import { type OAuthRequest, sendJson } from '../../src/testing/index.ts';
import { allowAll, noSignal } from '../hosting.ts';
import { listen } from '../remote-server.ts';
import { mara, newScene, redirectUri, type SceneOptions, visit } from './signing-in.ts';

/** Begins a login that must be refused, and returns why. Nothing is kept of it. */
async function refusalOf(options: SceneOptions): Promise<string> {
  const { begin, logins, host, authorization } = await newScene(options);
  const error = await begin().then(
    () => expect.unreachable('the login has begun'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LoginError);
  expect(await logins.has(host.entry('mcp/sums'), 'mara')).toBe(false);
  expect(authorization.requests.some(({ path }) => path === '/token')).toBe(false);
  return (error as LoginError).message;
}

const withMetadata = (overrides: Record<string, unknown>): SceneOptions => ({
  authorization: { metadata: () => overrides },
});

describe('metadata of a hostile server', () => {
  it('of another issuer is refused', async () => {
    expect(await refusalOf(withMetadata({ issuer: 'https://accounts.example' }))).toContain('another issuer');
  });

  it('about another resource is refused', async () => {
    const resource = (url: string) => [
      'https://bank.example/mcp',
      `${url}/deeper`,
      url.replace('127.0.0.1', 'localhost'),
      url.replace('/mcp', '/mcpother'),
    ];
    for (let at = 0; at < 4; at += 1) {
      const metadata = (url: string) => ({ resource: resource(url)[at] });
      expect(await refusalOf({ resource: { metadata } })).toContain('another resource');
    }
  });

  it('at another origin is not read', async () => {
    const asked: string[] = [];
    const port = await listen((request, response) => {
      asked.push(request.url ?? '');
      sendJson(response, 200, {});
    });
    const challenge = () => `Bearer resource_metadata="http://127.0.0.1:${port}/metadata"`;
    const { begin } = await newScene({ resource: { challenge } });
    await begin();
    expect(asked).toEqual([]);
  });

  it('with another issuer than that of the mcp.json is refused', async () => {
    expect(await refusalOf({ oauth: { issuer: 'https://accounts.example' } })).toContain(
      'another authorization server',
    );
  });

  it.each(['no list', []])('without PKCE is refused: %s', async (methods) => {
    const code_challenge_methods_supported = methods === 'no list' ? undefined : methods;
    expect(await refusalOf(withMetadata({ code_challenge_methods_supported }))).toContain('PKCE');
  });

  it('with the plain method of PKCE only is refused, before a client is registered', async () => {
    expect(await refusalOf(withMetadata({ code_challenge_methods_supported: ['plain'] }))).toContain('PKCE');
  });

  it.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'http://accounts.example/authorize',
    'https://user:password@accounts.example/authorize',
    'https://accounts.example/authorize\n-x'.repeat(200),
    '--help',
    '$(touch /tmp/x)',
  ])('cannot open %s on the machine of a person', async (authorization_endpoint) => {
    expect(await refusalOf(withMetadata({ authorization_endpoint }))).toMatch(/https|user name/);
  });

  it.each([
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.7/token',
    'https://[::ffff:10.0.0.7]/token',
    'https://[fd00:ec2::254]/token',
    'https://2130706433.nip.io.invalid/token',
    'http://192.168.1.1/token',
  ])('cannot have this host go to %s', async (token_endpoint) => {
    const scene = await newScene(withMetadata({ token_endpoint }));
    const outcome = scene.begin().then(async ({ id, url }) => scene.finish(id, await visit(url)));
    await expect(outcome).rejects.toBeInstanceOf(LoginError);
    expect(await scene.logins.has(scene.host.entry('mcp/sums'), 'mara')).toBe(false);
  });

  it.each(['registration_endpoint', 'authorization_endpoint', 'device_authorization_endpoint', 'revocation_endpoint'])(
    'cannot name an inward address as its %s',
    async (name) => {
      expect(await refusalOf(withMetadata({ [name]: 'https://10.1.2.3/inward' }))).toContain('may not be reached');
    },
  );

  it('that is huge is not read to its end', async () => {
    const misbehave = ({ path }: OAuthRequest, response: ServerResponse) => {
      if (!path.startsWith('/.well-known/')) return false;
      response.end(`{"padding":"${'x'.repeat(300_000)}"}`);
      return true;
    };
    expect(await refusalOf({ authorization: { misbehave } })).toContain('more than 262144 bytes');
  });

  it('that is no JSON object is refused', async () => {
    for (const body of ['<html>', '[]', 'null', '{"issuer":7}']) {
      const misbehave = ({ path }: OAuthRequest, response: ServerResponse) => {
        if (!path.startsWith('/.well-known/')) return false;
        response.end(body);
        return true;
      };
      expect(await refusalOf({ authorization: { misbehave } })).toContain('not what it must be');
    }
  });

  it('that redirects to another origin is not followed', async () => {
    const asked: string[] = [];
    const port = await listen((request, response) => {
      asked.push(request.url ?? '');
      sendJson(response, 200, {});
    });
    const misbehave = ({ path }: OAuthRequest, response: ServerResponse) => {
      if (!path.startsWith('/.well-known/')) return false;
      response.writeHead(302, { location: `http://127.0.0.1:${port}/inward` }).end();
      return true;
    };
    expect(await refusalOf({ authorization: { misbehave } })).toContain('elsewhere');
    expect(asked).toEqual([]);
  });
});

describe('requests to what metadata names', () => {
  const requestsTo = (addresses: string[]) => {
    let at = 0;
    const resolve = async () => [{ address: addresses[Math.min(at++, addresses.length - 1)] ?? '', family: 4 }];
    return createOAuthRequests({ server: new URL('https://mcp.example/mcp'), resolve });
  };

  it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '192.168.0.1', '100.64.0.1', '0.0.0.0'])(
    'do not go to a name that is %s',
    async (address) => {
      using requests = requestsTo([address]);
      const asked = requests.get(new URL('https://accounts.example/'), 'it', noSignal());
      await expect(asked).rejects.toMatchObject({
        code: 'refused',
        message: expect.stringContaining('may not be reached'),
      });
    },
  );

  it('resolve a name once: one that changes afterwards is not followed inwards', async () => {
    let asked = 0;
    const port = await listen((_, response) => {
      asked += 1;
      response.end('{}');
    });
    const answers = ['203.0.114.1', '127.0.0.1'];
    let resolved = 0;
    using requests = createOAuthRequests({
      server: new URL('https://mcp.example/mcp'),
      privateHosts: ['accounts.example.invalid'],
      resolve: async () => [{ address: answers[resolved++] ?? '', family: 4 }],
      connect: (addresses) => ({
        fetch: async (_, init) => {
          const [found] = await addresses.find();
          if (found?.address === '127.0.0.1') return fetch(`http://127.0.0.1:${port}`, init);
          return new Response('{}');
        },
        [Symbol.dispose]() {},
      }),
    });
    const url = new URL('https://accounts.example.invalid/');
    await requests.get(url, 'it', noSignal());
    await requests.get(url, 'it', noSignal());
    expect({ asked, resolved }).toEqual({ asked: 0, resolved: 1 });
  });

  it('end when an answer does not', async () => {
    const port = await listen((_, response) => void response.writeHead(200).write('{'));
    using requests = createOAuthRequests({
      server: new URL(`http://127.0.0.1:${port}/mcp`),
      resolve: async () => [],
    });
    const controller = new AbortController();
    const asked = requests.get(new URL(`http://127.0.0.1:${port}/`), 'it', controller.signal);
    controller.abort(new Error('given up'));
    await expect(asked).rejects.toThrow('given up');
  });

  it('never follow a redirect with what was posted', async () => {
    const bodies: string[] = [];
    const port = await listen(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      bodies.push(`${request.method} ${request.url} ${body}`);
      response.writeHead(request.url === '/token' ? 307 : 200, { location: '/elsewhere' }).end('{}');
    });
    using requests = createOAuthRequests({ server: new URL(`http://127.0.0.1:${port}/mcp`), resolve: async () => [] });
    const url = new URL(`http://127.0.0.1:${port}/token`);
    const posted = requests.post(url, 'it', { form: new URLSearchParams({ code: 'secret' }) }, noSignal());
    await expect(posted).rejects.toMatchObject({ code: 'refused' });
    expect(bodies).toEqual(['POST /token code=secret']);
  });

  it('reach the ports of this machine only for a server of this machine', () => {
    const resolve = async () => [];
    using here = createOAuthRequests({ server: new URL('http://localhost:3000/mcp'), resolve });
    expect(here.check('http://127.0.0.1:4000/token', 'it').port).toBe('4000');
    using elsewhere = createOAuthRequests({ server: new URL('https://mcp.example/mcp'), resolve });
    for (const url of ['http://127.0.0.1:4000/', 'https://127.0.0.1/', 'https://[::1]/', 'http://localhost/']) {
      expect(() => elsewhere.check(url, 'it')).toThrow(LoginError);
    }
  });
});

describe('the answer of a browser', () => {
  const change = (answer: string, changes: Record<string, string | null>): string => {
    const url = new URL(answer);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) url.searchParams.delete(name);
      else url.searchParams.set(name, value);
    }
    return url.href;
  };
  /** Finishes a login with a changed answer. */
  async function finishWith(changes: Record<string, string | null>, options: SceneOptions = {}): Promise<LoginError> {
    const { begin, finish, authorization, logins, host } = await newScene(options);
    const begun = await begin();
    const answer = await visit(begun.url);
    const error = await finish(begun.id, change(answer, changes)).then(
      () => expect.unreachable('it was taken'),
      (reason: LoginError) => reason,
    );
    expect(authorization.requests.some(({ path }) => path === '/token')).toBe(false);
    expect(await logins.has(host.entry('mcp/sums'), 'mara')).toBe(false);
    return error;
  }

  it.each([{ state: 'another' }, { state: null }, { state: '' }])(
    'of another login is refused: %o',
    async (changes) => {
      expect(await finishWith(changes)).toMatchObject({ code: 'invalid' });
    },
  );

  it('of another authorization server is refused (mix-up)', async () => {
    expect((await finishWith({ iss: 'https://evil.example' })).message).toContain('another authorization server');
  });

  it('that does not say whose it is, is refused where the server promised to say so', async () => {
    expect((await finishWith({ iss: null })).message).toContain('another authorization server');
  });

  it('with an error is compared before the error is looked at', async () => {
    expect((await finishWith({ error: 'access_denied', state: 'another' })).code).toBe('invalid');
    expect((await finishWith({ error: 'access_denied', iss: 'https://evil.example' })).message).toContain('another');
    expect((await finishWith({ error: 'access_denied', code: null })).message).toContain('refused');
  });

  it('with a repeated parameter is refused', async () => {
    const { begin, finish } = await newScene();
    const begun = await begin();
    await expect(finish(begun.id, `${await visit(begun.url)}&code=another`)).rejects.toMatchObject({ code: 'invalid' });
  });

  it('goes back to this machine or to this host only', async () => {
    const { logins, host } = await newScene({ logins: { redirects: ['https://latchkey.example/console/login'] } });
    const begin = (uri: string) => logins.begin(host.entry('mcp/sums'), mara, uri, noSignal());
    for (const uri of [
      'https://evil.example/callback',
      'https://latchkey.example/console/login/../elsewhere',
      'http://127.0.0.1.evil.example/callback',
      'http://localhost@evil.example/callback',
      'https://127.0.0.1/callback',
      'latchkey://callback',
    ]) {
      await expect(begin(uri)).rejects.toMatchObject({ code: 'invalid' });
    }
    for (const uri of [
      'http://localhost:9/callback',
      'http://[::1]:9/callback',
      'https://latchkey.example/console/login',
    ])
      expect((await begin(uri)).flow).toBe('browser');
  });

  it('proves with PKCE that the one that began is the one that finishes', async () => {
    const { begin, finish, authorization } = await newScene();
    const begun = await begin();
    await finish(begun.id, await visit(begun.url));
    const asked = new URL(begun.url).searchParams;
    const sent = authorization.requests.find(({ form }) => form.get('grant_type') === 'authorization_code')?.form;
    const digest = createHash('sha256')
      .update(sent?.get('code_verifier') ?? '')
      .digest('base64url');
    expect(asked.get('code_challenge')).toBe(digest);
    expect(asked.get('code_challenge_method')).toBe('S256');
    expect(sent?.get('redirect_uri')).toBe(redirectUri);
    expect((await begin()).url).not.toContain(digest);
  });

  it('is used once, even when its use fails', async () => {
    let isAway = true;
    const { begin, finish } = await newScene({
      authorization: {
        misbehave: ({ path }, response) => {
          if (path !== '/token' || !isAway) return false;
          response.writeHead(503).end();
          return true;
        },
      },
    });
    const begun = await begin();
    const answer = await visit(begun.url);
    await expect(finish(begun.id, answer)).rejects.toMatchObject({ code: 'unavailable' });
    isAway = false;
    await expect(finish(begun.id, answer)).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('the token of a login', () => {
  it.each([
    { access_token: 'a\r\nX-Header: b', token_type: 'Bearer' },
    { access_token: 'abc', token_type: 'mac' },
    { token_type: 'Bearer' },
    { error: 'invalid_grant' },
    { error: 'the secret is hunter2' },
  ])('is not taken when it is none: %o', async (body) => {
    const { begin, finish } = await newScene({
      authorization: {
        misbehave: ({ path }, response) => {
          if (path !== '/token') return false;
          sendJson(response, 200, body);
          return true;
        },
      },
    });
    const begun = await begin();
    const error = await finish(begun.id, await visit(begun.url)).catch((reason: LoginError) => reason);
    expect(error).toBeInstanceOf(LoginError);
    expect((error as LoginError).message).not.toContain('hunter2');
  });

  it('is sent to the server that it is for, and not to another with its name', async () => {
    const { signIn, host, server, authorization, logins } = await newScene();
    await signIn();
    const heard: (string | undefined)[] = [];
    const port = await listen((request, response) => {
      heard.push(request.headers.authorization);
      response.writeHead(404).end();
    });
    const { parseMcpJson } = await import('../../src/index.ts');
    host.reload(parseMcpJson(JSON.stringify({ mcpServers: { sums: { url: `http://127.0.0.1:${port}/mcp` } } }), {}));
    const opened = host.forOwner('mara').openToolset([{ server: 'mcp/sums' }], allowAll, noSignal());
    await expect(opened).rejects.toThrow();
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.filter((header) => header !== undefined)).toEqual([]);
    expect(await logins.has(host.entry('mcp/sums'), 'mara')).toBe(false);
    expect([server.seen.size, authorization.tokens.size]).toEqual([0, 1]);
  });

  it('is renewed where it came from, whatever metadata says later', async () => {
    const stolen: string[] = [];
    const port = await listen(async (request, response) => {
      for await (const chunk of request) stolen.push(String(chunk));
      sendJson(response, 200, { access_token: 'evil', token_type: 'Bearer' });
    });
    let overrides = {};
    const { signIn, host, authorization } = await newScene({ authorization: { metadata: () => overrides } });
    await signIn();
    overrides = { token_endpoint: `http://127.0.0.1:${port}/token` };
    authorization.expire();
    const view = host.forOwner('mara');
    await (await view.openToolset([{ server: 'mcp/sums' }], allowAll, noSignal())).close();
    expect(stolen).toEqual([]);
  });

  it('that the server keeps refusing is sent twice and no more', async () => {
    const { signIn, host, authorization } = await newScene({
      resource: { challenge: () => 'Bearer error="invalid_token"', scope: () => 'never' },
    });
    await signIn();
    authorization.forget();
    const opened = host.forOwner('mara').openToolset([{ server: 'mcp/sums' }], allowAll, noSignal());
    await expect(opened).rejects.toThrow('latchkey mcp login sums');
    expect(authorization.requests.filter(({ path }) => path === '/token')).toHaveLength(2);
  });

  it('is never asked for over http from another machine', async () => {
    const { logins } = await newScene();
    const { parseMcpJson } = await import('../../src/index.ts');
    const config = parseMcpJson('{"mcpServers": {"sums": {"url": "http://mcp.example/mcp"}}}', {});
    const entry = config.servers.get('sums');
    if (entry === undefined) throw new Error('no entry');
    await expect(logins.begin(entry, mara, redirectUri, noSignal())).rejects.toThrow('it is reached by http');
  });
});
