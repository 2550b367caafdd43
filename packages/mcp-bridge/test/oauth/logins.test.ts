import { describe, expect, it } from 'vitest';
import type { McpHostView } from '../../src/index.ts';
import { allowAll, call, noSignal } from '../hosting.ts';
import { mara, newScene, redirectUri, visit } from './signing-in.ts';

const add = async (host: McpHostView): Promise<unknown> => {
  const toolset = await host.openToolset([{ server: 'mcp/sums' }], allowAll, noSignal());
  try {
    return await call(toolset, 'add', { a: 2, b: 3 });
  } finally {
    await toolset.close();
  }
};
const works = { type: 'success', text: '5' };
const wantsLogin = /wants a login: latchkey mcp login sums/;

describe('a login by a browser', () => {
  it('is asked for, works for its owner, and for nobody else', async () => {
    const { host, signIn, server, authorization } = await newScene();
    await expect(add(host.forOwner('mara'))).rejects.toThrow(wantsLogin);
    await signIn();
    expect(await add(host.forOwner('mara'))).toMatchObject(works);
    await expect(add(host.forOwner('noor'))).rejects.toThrow(wantsLogin);
    await expect(add(host)).rejects.toThrow(wantsLogin);
    expect([...authorization.tokens.values()]).toMatchObject([{ resource: server.url, subject: 'mara' }]);
  });

  it('is not counted as a failure while it is missing', async () => {
    const { host } = await newScene();
    for (let tries = 0; tries < 4; tries += 1) await expect(add(host)).rejects.toThrow(wantsLogin);
    expect(host.servers()).toMatchObject([{ state: 'stopped', error: expect.stringMatching(wantsLogin) }]);
  });

  it('ends with a logout, which the authorization server hears of', async () => {
    const { host, signIn, logins, authorization } = await newScene();
    await signIn();
    const view = host.forOwner('mara');
    const toolset = await view.openToolset([{ server: 'mcp/sums' }], allowAll, noSignal());
    expect(await logins.logout(host.entry('mcp/sums'), 'mara', noSignal())).toBe(true);
    expect(authorization.tokens.size).toBe(0);
    expect(await call(toolset, 'add', { a: 2, b: 3 })).toMatchObject({
      type: 'failure',
      reason: expect.stringMatching(wantsLogin),
    });
    await toolset.close();
    await expect(add(view)).rejects.toThrow(wantsLogin);
    expect(await logins.logout(host.entry('mcp/sums'), 'mara', noSignal())).toBe(false);
  });

  it('is shared where the mcp.json says so', async () => {
    const { host, signIn } = await newScene({ oauth: { account: 'shared' } });
    await expect(add(host.forOwner('noor'))).rejects.toThrow(wantsLogin);
    await signIn({ account: '', madeBy: 'an administrator' });
    expect(await add(host.forOwner('noor'))).toMatchObject(works);
  });

  it('registers a client with the very redirect, or names a document', async () => {
    const documentUrl = 'https://latchkey.example/oauth/client.json';
    const { authorization, begin } = await newScene({ logins: { documentUrl } });
    expect(new URL((await begin()).url).searchParams.get('client_id')).toBe(documentUrl);
    expect(authorization.requests.some(({ path }) => path === '/register')).toBe(false);

    const other = await newScene();
    await other.begin();
    const registration = other.authorization.requests.find(({ path }) => path === '/register');
    expect(registration?.json).toMatchObject({ redirect_uris: [redirectUri], application_type: 'native' });
  });

  it('uses the client of the mcp.json, with its secret', async () => {
    const { signIn, host } = await newScene({
      authorization: { clients: { known: 'a secret:&' } },
      oauth: { CLIENT_ID: 'known', CLIENT_SECRET: 'a secret:&', scope: 'sums:read' },
    });
    await signIn();
    expect(await add(host.forOwner('mara'))).toMatchObject(works);
  });

  it('is finished by the one that began it, and once', async () => {
    const { begin, finish } = await newScene();
    const begun = await begin();
    const answer = await visit(begun.url);
    await expect(finish(begun.id, answer, { ...mara, madeBy: 'another token' })).rejects.toThrow('no such login');
    await expect(finish(begun.id, answer, { ...mara, account: 'noor' })).rejects.toThrow('no such login');
    await finish(begun.id, answer);
    await expect(finish(begun.id, answer)).rejects.toThrow('no such login');
  });
});

describe('a login on another device', () => {
  it('waits until its person has entered the code', async () => {
    const { logins, host, finish, authorization } = await newScene();
    const begun = await logins.begin(host.entry('mcp/sums'), mara, undefined, noSignal());
    if (begun.flow !== 'device') throw new Error(begun.flow);
    await expect(finish(begun.id, undefined)).rejects.toMatchObject({ code: 'pending', afterMs: 1000 });
    authorization.approveDevice(begun.userCode);
    await finish(begun.id, undefined);
    expect(await add(host.forOwner('mara'))).toMatchObject(works);
  });
});

describe('a server that needs no person', () => {
  it('is reached with client credentials, which are asked for once', async () => {
    const { host, authorization } = await newScene({
      authorization: { clients: { worker: 'its secret' } },
      oauth: { grant: 'client_credentials', clientId: 'worker', clientSecret: 'its secret' },
    });
    expect(await Promise.all([add(host), add(host), add(host)])).toMatchObject([works, works, works]);
    expect(authorization.requests.filter(({ path }) => path === '/token')).toHaveLength(1);
    authorization.expire();
    expect(await add(host)).toMatchObject(works);
  });

  it('is reached with a token that was exchanged for its caller', async () => {
    const { host, authorization } = await newScene({
      authorization: { clients: { gateway: 'its secret' } },
      oauth: { grant: 'token_exchange', clientId: 'gateway', clientSecret: 'its secret' },
      logins: {
        subjectToken: async (account, audience) => ({
          token: `${account} for ${audience}`,
          type: 'urn:ietf:params:oauth:token-type:jwt',
        }),
      },
    });
    expect(await add(host.forOwner('mara'))).toMatchObject(works);
    expect(await add(host.forOwner('noor'))).toMatchObject(works);
    const subjects = [...authorization.tokens.values()].map(({ subject }) => subject);
    expect(subjects).toEqual([`mara for ${authorization.issuer}`, `noor for ${authorization.issuer}`]);
  });

  it('gets the further scope that it asks for', async () => {
    let scope = '';
    const { host } = await newScene({
      authorization: { clients: { worker: 'its secret' } },
      resource: { scope: () => scope },
      oauth: { grant: 'client_credentials', clientId: 'worker', clientSecret: 'its secret' },
    });
    expect(await add(host)).toMatchObject(works);
    scope = 'sums:write';
    expect(await add(host)).toMatchObject(works);
  });
});

describe('a token that ends', () => {
  it('is renewed before its time is over, once for all who wait', async () => {
    const { host, signIn, later, authorization } = await newScene();
    await signIn();
    const view = host.forOwner('mara');
    expect(await add(view)).toMatchObject(works);
    later(3590);
    expect(await Promise.all([add(view), add(view), add(view), add(view)])).toMatchObject([works, works, works, works]);
    expect(refreshes(authorization)).toBe(1);
    expect(authorization.reused).toBe(0);
  });

  it('is renewed after a 401, with the rotated refresh token each time', async () => {
    const { host, signIn, authorization } = await newScene();
    await signIn();
    for (let round = 1; round <= 3; round += 1) {
      authorization.expire();
      expect(await add(host.forOwner('mara'))).toMatchObject(works);
    }
    expect(authorization.reused).toBe(0);
    expect(refreshes(authorization)).toBe(3);
  });

  it('is renewed by one of several processes that share a store', async () => {
    const first = await newScene();
    const { McpLogins, createMcpHost, parseMcpJson, resolveBySystem } = await import('../../src/index.ts');
    await first.signIn();
    const second = new McpLogins({
      store: first.store,
      clientName: 'Latchkey',
      fetch: (url, init) => globalThis.fetch(url, init),
      resolve: resolveBySystem,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      clock: () => new Date('2026-11-29T12:00:00Z'),
      hint: (label) => label,
    });
    const config = parseMcpJson(JSON.stringify({ mcpServers: { sums: { url: first.server.url } } }), {});
    await using host = createMcpHost({ config, logins: second });
    first.authorization.expire();
    const views = [first.host.forOwner('mara'), host.forOwner('mara')];
    expect(await Promise.all(views.map(add))).toMatchObject([works, works]);
    expect(first.authorization.reused).toBe(0);
    expect(refreshes(first.authorization)).toBe(1);
  });

  it('ends its login when it cannot be renewed, and that is told', async () => {
    const { host, signIn, authorization, lost } = await newScene();
    await signIn();
    authorization.forget();
    await expect(add(host.forOwner('mara'))).rejects.toThrow(wantsAnother);
    expect(lost).toEqual([{ server: 'mcp/sums', account: 'mara', why: 'invalid_grant' }]);
    await signIn();
    expect(await add(host.forOwner('mara'))).toMatchObject(works);
  });

  it('outlives an authorization server that is away', async () => {
    let isAway = false;
    const { host, signIn, later, lost } = await newScene({
      authorization: {
        misbehave: (_, response) => {
          if (isAway) response.writeHead(503).end();
          return isAway;
        },
      },
    });
    await signIn();
    isAway = true;
    later(3590);
    expect(await add(host.forOwner('mara'))).toMatchObject(works);
    isAway = false;
    expect(await add(host.forOwner('mara'))).toMatchObject(works);
    expect(lost).toEqual([]);
  });

  it('is not brought back by a renewal that was on its way at a logout', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const { promise: goOn, resolve: release } = Promise.withResolvers<void>();
    const { host, signIn, logins, authorization } = await newScene({
      authorization: {
        misbehave: async ({ form }) => {
          if (form.get('grant_type') !== 'refresh_token') return false;
          arrive();
          await goOn;
          return false;
        },
      },
    });
    await signIn();
    authorization.expire();
    const late = add(host.forOwner('mara'));
    await arrived;
    await logins.logout(host.entry('mcp/sums'), 'mara', noSignal());
    release();
    await expect(late).rejects.toThrow(/login/);
    expect(await logins.has(host.entry('mcp/sums'), 'mara')).toBe(false);
    expect(authorization.tokens.size).toBe(0);
  });
});

it('asks for more rights at the next login when the server wants them', async () => {
  let scope = '';
  const { host, signIn, begin } = await newScene({ resource: { scope: () => scope } });
  await signIn();
  expect(await add(host.forOwner('mara'))).toMatchObject(works);
  scope = 'sums:write';
  expect(await add(host.forOwner('mara'))).toMatchObject({
    kind: 'unavailable',
    reason: expect.stringContaining('wants a login with more rights: latchkey mcp login sums'),
  });
  expect(new URL((await begin()).url).searchParams.get('scope')).toContain('sums:write');
  await signIn();
  expect(await add(host.forOwner('mara'))).toMatchObject(works);
});

const wantsAnother = /wants another one: latchkey mcp login sums/;
const refreshes = ({ requests }: { requests: readonly { form: URLSearchParams }[] }): number =>
  requests.filter(({ form }) => form.get('grant_type') === 'refresh_token').length;
