import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { configSchema } from '../../../src/config/schema.ts';
import type { Step } from '../../../src/http/step.ts';
import { type CheckOriginOptions, checkOrigin } from '../../../src/http/steps/check-origin.ts';
import { appOf } from '../app-of.ts';
import { type Call, send } from '../in-process-client.ts';

const behind = (options: CheckOriginOptions, ...before: readonly Step[]) =>
  appOf(async () => ({ status: 200, body: { text: 'in' } }), { steps: [...before, checkOrigin(options)] });

const app = behind({ allowedHosts: ['LLM.example.com'], allowedOrigins: ['https://chat.example.com'] });

const ask = (headers: Call['headers'], method = 'GET') => send(app, { method, headers: headers ?? {} });

describe('a request without a Host', () => {
  const without = async (path: string): Promise<number> => {
    const withoutHost: Step = (context, next) => {
      Object.defineProperty(context, 'header', { value: () => [] });
      return next();
    };
    const bare = behind({ allowedHosts: [], allowedOrigins: [] }, withoutHost);
    return (await send(bare, { path })).status;
  };

  it.each(['/health', '/live', '/ready'])('is answered at %s, as balancers ask', async (path) => {
    expect(await without(path)).toBe(200);
  });

  it.each(['/', '/v1/models', '/health/x', '/Health'])('is refused at %s', async (path) => {
    expect(await without(path)).toBe(403);
  });
});

describe('the Host header', () => {
  it.each([
    'localhost',
    'localhost:1234',
    'LocalHost:1234',
    '127.0.0.1:1234',
    '192.168.1.7',
    '[::1]:1234',
    '[fd00::1]',
    'llm.example.com',
    'LLM.EXAMPLE.COM:443',
    hostname(),
    `${hostname()}.local`,
    'app.localhost:1234',
    'host.docker.internal:1234',
  ])('may be %s', async (host) => {
    expect((await ask({ host })).status).toBe(200);
  });

  it.each([
    'evil.com',
    'evil.com:1234',
    'evil.internal',
    'evil.local',
    '.localhost',
    'evillocalhost',
    'localhost.evil.com',
    'evil.com:x@localhost',
    'localhost@evil.com',
    'localhost:1234@evil.com',
    'localhost:',
    'localhost:123456',
    'localhost:1234:1234',
    'localhost/evil',
    'sub.llm.example.com',
    'llm.example.com.evil.com',
    '127.0.0.1.evil.com',
    '127.0.0.1.nip.io',
    '[evil.com]',
    '[cafe.de]',
    '[::1]evil.com',
    '::1',
    '0x7f000001',
    '2130706433',
    '127.1',
    'localhost, evil.com',
    ' ',
    '',
  ])('may not be %j, which is what a rebound name sends', async (host) => {
    const answer = await ask({ host });
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ error: { code: 'origin_denied', param: 'Host' } });
    expect(answer.text).not.toContain('evil');
  });
});

describe('the Origin header', () => {
  it('is not sent by programs', async () => {
    expect((await ask({})).headers).not.toHaveProperty('access-control-allow-origin');
  });

  it.each([
    ['http://localhost:1234', 'localhost:1234'],
    ['https://llm.example.com', 'llm.example.com'],
    ['http://[::1]:1234', '[::1]:1234'],
  ])('may be the server itself: %s', async (origin, host) => {
    const answer = await ask({ host, origin });
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('may be a page that is listed, and no other is told so', async () => {
    const answer = await ask({ origin: 'https://chat.example.com' });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://chat.example.com',
      'access-control-expose-headers': expect.stringContaining('Retry-After'),
      vary: 'Origin',
    });
    expect(answer.headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it.each([
    'null',
    'http://evil.com',
    'http://localhost:3000',
    'http://localhost',
    'http://localhost:1234.evil.com',
    'http://chat.example.com',
    'https://chat.example.com:8443',
    'https://sub.chat.example.com',
    'https://chat.example.com.evil.com',
    'https://CHAT.example.com',
    'https://chat.example.com/',
    'file://',
    'ftp://localhost:1234',
    '*',
    '',
  ])('may not be %j', async (origin) => {
    const answer = await ask({ host: 'localhost:1234', origin });
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ error: { code: 'origin_denied', param: 'Origin' } });
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('of a page that is listed helps a foreign Host nothing', async () => {
    expect((await ask({ host: 'evil.com', origin: 'https://chat.example.com' })).status).toBe(403);
  });
});

describe('a preflight', () => {
  it('is answered to a page that is listed, without a token', async () => {
    const answer = await ask(
      { origin: 'https://chat.example.com', 'access-control-request-method': 'POST' },
      'OPTIONS',
    );
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://chat.example.com',
      'access-control-allow-methods': 'GET, POST, PATCH, DELETE',
      'access-control-allow-headers':
        'Authorization, Content-Type, Idempotency-Key, Latchkey-Project, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, X-Api-Key',
    });
  });

  it.each(['https://evil.com', 'null'])('is refused to %s', async (origin) => {
    const answer = await ask({ origin, 'access-control-request-method': 'POST' }, 'OPTIONS');
    expect(answer.status).toBe(403);
    expect(answer.headers).not.toHaveProperty('access-control-allow-methods');
  });

  it('allows the headers that are asked for, however many an SDK sends, and nothing that is no name', async () => {
    const asked = `authorization,${Array.from({ length: 100 }, (_, index) => `x-stainless-${index}`).join()}`;
    const of = (names: string) =>
      ask({ origin: 'https://chat.example.com', 'access-control-request-headers': names }, 'OPTIONS');
    expect((await of(asked)).headers['access-control-allow-headers']).toMatch(/^authorization, x-stainless-0, .*-62$/);
    expect((await of('x-a, b c, "d", x-e')).headers['access-control-allow-headers']).toBe('x-a, x-e');
  });

  it('allows a page that is listed to reach a private network', async () => {
    const answer = await ask(
      { origin: 'https://chat.example.com', 'access-control-request-private-network': 'true' },
      'OPTIONS',
    );
    expect(answer.headers['access-control-allow-private-network']).toBe('true');
  });
});

describe('a request that names two hosts', () => {
  it('is refused, in two lines as in its target', async () => {
    expect((await ask({ host: ['localhost', 'localhost'] as never })).status).toBe(400);
    expect((await send(app, { path: 'http://evil.com/', headers: { host: 'localhost' } })).status).toBe(400);
    expect((await send(app, { path: 'http://localhost/', headers: { host: 'localhost' } })).status).toBe(200);
  });
});

describe('a pattern', () => {
  const statusOf = async (patterns: { hosts?: string[]; origins?: string[] }, headers: Call['headers']) => {
    const { allowedHosts, allowedOrigins } = configSchema.parse({
      ...{ data: 'd', models: 'm' },
      ...{ allowedHosts: patterns.hosts, allowedOrigins: patterns.origins },
    });
    const server = behind({ allowedHosts, allowedOrigins });
    return (await send(server, { headers: headers ?? {} })).status;
  };

  it.each([
    ['http://localhost:*', 'http://localhost:3000', 200],
    ['http://localhost:*', 'http://localhost', 200],
    ['http://localhost:*', 'https://localhost:3000', 403],
    ['http://localhost:*', 'http://localhost:3000.evil.com', 403],
    ['https://*.example.com', 'https://a.b.example.com', 200],
    ['https://*.example.com', 'https://example.com', 403],
    ['https://*.example.com', 'https://example.com.evil.com', 403],
    ['https://chat.example.com:443', 'https://chat.example.com', 200],
    ['HTTPS://Chat.example.com', 'https://chat.example.com', 200],
    ['app://obsidian.md', 'app://obsidian.md', 200],
    ['*', 'https://evil.com', 200],
    ['null', 'null', 200],
  ])('of an origin, %s, is asked about %s', async (pattern, origin, status) => {
    expect(await statusOf({ origins: [pattern] }, { host: 'localhost:1234', origin })).toBe(status);
  });

  it.each([
    ['*.internal', 'ollama.internal', 200],
    ['*.internal', 'internal', 403],
    ['*.internal', 'ollama.internal.evil.com', 403],
    ['*', 'evil.com', 200],
    ['192.168.1.7', 'localhost', 200],
  ])('of a host, %s, is asked about %s', async (pattern, host, status) => {
    expect(await statusOf({ hosts: [pattern] }, { host })).toBe(status);
  });

  it.each([
    'localhost',
    'https://',
    'https://a/',
    'https://a/b',
    'http://localhost:**',
    'http://*',
    'ht tp://a',
    'http://a.*.b',
    '',
    'http://localhost:08080',
    'http://localhost:65536',
    'http://127.1',
    'http://0x7f.0.0.1:*',
    'http://[0:0::1]:3000',
    'http://[:.:]',
    'https://*.127.1',
    'wss://chat.example.com',
  ])('that could never match an origin is refused at the start: %j', (pattern) => {
    expect(configSchema.safeParse({ data: 'd', models: 'm', allowedOrigins: [pattern] }).success).toBe(false);
  });

  it.each(['llm.example.com:8080', 'http://a', 'a/b', '*a', 'a.*', ''])(
    'that could never match a host is refused at the start: %j',
    (pattern) => {
      expect(configSchema.safeParse({ data: 'd', models: 'm', allowedHosts: [pattern] }).success).toBe(false);
    },
  );
});
