import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ConnectionFlags, connect } from '../../src/command/connection.ts';
import { createServerIdentity } from '../../src/state/server-identity.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

const ADMIN = 'sk-lm-ADMIN000:AAAAAAAAAAAAAAAAAAAA';

const SECRET = new Uint8Array(32).fill(7);
const identity = createServerIdentity(SECRET);

/** A note of a server that runs on a folder, under the number of a process that lives. */
const running = (url: string, key = identity.key): Record<string, string> => ({
  'server.json': JSON.stringify({ url, pid: process.pid, key }),
});

/** What listens at `url`: it proves for its own address that it is the server with this secret. */
const serverAt =
  (url: string, answers = identity) =>
  (asked: URL): Response | undefined => {
    if (asked.pathname !== '/health') return undefined;
    const [nonce = '', host = ''] = ['nonce', 'host'].map((name) => asked.searchParams.get(name) ?? '');
    const isOwn = host === new URL(url).host;
    return Response.json({ status: 'ok', ...(isOwn ? { proof: answers.prove(nonce, host) } : {}) });
  };

interface Surroundings {
  readonly environment?: Record<string, string>;
  readonly files?: Record<string, string>;
  /** What answers questions; by default the server that the note names. */
  readonly answers?: (asked: URL) => Response | undefined;
}

function dataFolder(files: Record<string, string> = {}): string {
  const data = temporaryFolder();
  writeFiles(data, { 'admin-token': `${ADMIN}\n`, ...files });
  return data;
}

/** Where a command's first request goes, and with which token; questions about the server itself are not counted. */
async function firstRequest(flags: ConnectionFlags, { environment = {}, files = {}, answers }: Surroundings = {}) {
  const data = dataFolder(files);
  const noted = JSON.parse(files['server.json'] ?? '{}').url;
  const answer = answers ?? (noted === undefined ? () => undefined : serverAt(noted));
  const sent: { url: string; authorization: string | undefined }[] = [];
  const client = connect({ data, ...flags }, environment, async (input, init) => {
    const { url, headers } = new Request(input, init);
    const own = answer(new URL(url));
    if (own !== undefined) {
      expect(headers.get('authorization')).toBeNull();
      return own;
    }
    if (new URL(url).pathname === '/health') return Response.json({ status: 'ok' });
    sent.push({ url, authorization: headers.get('authorization') ?? undefined });
    return new Response('{}');
  });
  const failure = await client.request('GET', '/api/v1/whoami').then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { url: sent[0]?.url, authorization: sent[0]?.authorization, failure };
}

describe('the server that a command speaks to', () => {
  it('is the one of --url, of LATCHKEY_URL, or the one that runs on the data folder, in this order', async () => {
    const environment = { LATCHKEY_URL: 'http://127.0.0.1:2' };
    const files = running('http://127.0.0.1:3');
    const urls = [
      await firstRequest({ url: 'http://127.0.0.1:1' }, { environment, files }),
      await firstRequest({}, { environment, files }),
      await firstRequest({}, { environment: { LATCHKEY_URL: '' }, files }),
    ].map(({ url }) => url);
    expect(urls).toEqual([
      'http://127.0.0.1:1/api/v1/whoami',
      'http://127.0.0.1:2/api/v1/whoami',
      'http://127.0.0.1:3/api/v1/whoami',
    ]);
  });

  it('is none when nothing names one and none runs: what listens at the usual port may be anything', () => {
    const data = dataFolder({});
    const environment = { LATCHKEY_API_TOKEN: 'x' };
    expect(() => connect({ data }, environment)).toThrow(`No server runs on the data folder ${data}.`);
  });

  it('is refused when what names it is no URL', () => {
    expect(() => connect({ url: 'localhost 1234', data: '/nonexistent' }, {})).toThrow(
      'url is not the URL of a server. Write it like http://127.0.0.1:1234.',
    );
  });

  it('is refused when a user name or a password is in it', () => {
    expect(() => connect({ url: 'http://127.0.0.1@example.com/', data: '/nonexistent' }, {})).toThrow(
      'url has a user name or a password in it.',
    );
  });

  it('is said not to answer when it does not', async () => {
    const client = connect({ url: 'http://127.0.0.1:9', data: '/nonexistent' }, {}, () =>
      Promise.reject(new TypeError('fetch failed')),
    );
    await expect(client.request('GET', '/')).rejects.toThrow(
      "No server answers at http://127.0.0.1:9. Start one with 'latchkey serve', or name another with --url.",
    );
  });

  it.skipIf(process.platform === 'win32')('is not one that a note names in a folder that others can write', () => {
    const data = dataFolder(running('http://127.0.0.1:3'));
    chmodSync(data, 0o777);
    expect(() => connect({ data }, {})).toThrow(`chmod 700 ${data}`);
  });
});

describe('the token that is sent', () => {
  const files = running('http://127.0.0.1:3');

  it('is LATCHKEY_API_TOKEN, or LM_API_TOKEN, before any other', async () => {
    const both = { LATCHKEY_API_TOKEN: 'first', LM_API_TOKEN: 'second' };
    expect((await firstRequest({}, { environment: both, files })).authorization).toBe('Bearer first');
    const one = { LM_API_TOKEN: 'second' };
    expect((await firstRequest({}, { environment: one, files })).authorization).toBe('Bearer second');
    const none = { LATCHKEY_API_TOKEN: '' };
    expect((await firstRequest({}, { environment: none, files })).authorization).toBe(`Bearer ${ADMIN}`);
  });

  it.each(['http://127.0.0.1:3', 'http://localhost:3', 'http://[::1]:3', 'http://2130706433:3/'])(
    "is the administrator's for %s, and goes to the address that the server has told",
    async (url) => {
      expect(await firstRequest({ url }, { files })).toMatchObject({
        url: 'http://127.0.0.1:3/api/v1/whoami',
        authorization: `Bearer ${ADMIN}`,
      });
    },
  );

  it.each([
    'http://127.0.0.1:1234',
    'http://localhost:1',
    'http://192.168.1.7:3',
    'http://example.com',
    'http://127.0.0.1.example.com:3',
    'http://[fd00::1]:3',
    'https://127.0.0.1:3',
  ])("is never the administrator's for %s", async (url) => {
    expect(await firstRequest({ url }, { files })).toMatchObject({ authorization: undefined });
    expect(await firstRequest({}, { environment: { LATCHKEY_URL: url }, files })).toMatchObject({
      authorization: undefined,
    });
    expect(await firstRequest({ url })).toMatchObject({ authorization: undefined });
  });

  it("is the administrator's for the server that runs on the data folder, at whatever address it listens", async () => {
    const url = 'http://192.168.1.7:1234';
    expect((await firstRequest({}, { files: running(url) })).authorization).toBe(`Bearer ${ADMIN}`);
  });
});

describe('before a token is sent to the server that runs here, that proves that it is the one', () => {
  const url = 'http://127.0.0.1:3';
  const nothing = { url: undefined, authorization: undefined, failure: expect.stringContaining('no token was sent') };
  const attempts = [{}, { LATCHKEY_API_TOKEN: 'mine' }];

  it.each([
    ['something else, that answers anything', () => Response.json({ status: 'ok' })],
    ['another installation', serverAt(url, createServerIdentity(new Uint8Array(32).fill(8)))],
    ['a program that passes the question on to the server at its new address', serverAt('http://127.0.0.1:4')],
    [
      'a program that answers with an older proof',
      () => Response.json({ proof: identity.prove('x'.repeat(43), '127.0.0.1:3') }),
    ],
    ['a page', () => new Response('<html>')],
  ])('and %s gets nothing', async (_, answers) => {
    for (const environment of attempts) {
      const asked = (at: URL): Response | undefined => (at.pathname === '/health' ? answers(at) : undefined);
      expect(await firstRequest({}, { environment, files: running(url), answers: asked })).toMatchObject(nothing);
    }
  });

  it('and when nothing answers, nothing is sent', async () => {
    const answers = (): never => {
      throw new TypeError('fetch failed');
    };
    expect(await firstRequest({}, { files: running(url), answers })).toMatchObject({
      authorization: undefined,
      failure: expect.stringContaining(`No server answers at ${url}`),
    });
  });

  it('once for all its requests', async () => {
    const asked: string[] = [];
    const client = connect({ data: dataFolder(running(url)) }, {}, async (input, init) => {
      const at = new URL(new Request(input, init).url);
      asked.push(at.pathname);
      return serverAt(url)(at) ?? new Response('{}');
    });
    await client.request('GET', '/a');
    await client.request('GET', '/b');
    expect(asked).toEqual(['/health', '/a', '/b']);
  });
});

describe('a profile', () => {
  const PROFILES = `[default]
api_token = of-default
url = http://127.0.0.1:4

[production]
api_token = of-production
url = https://production

[place]
url = http://127.0.0.1:5
`;

  /** The first request of somebody who has these profiles, and a data folder that only the environment names. */
  async function first(flags: ConnectionFlags, variables: Record<string, string> = {}, files = {}) {
    const home = temporaryFolder();
    const data = join(home, 'data');
    writeFiles(home, { '.latchkey/credentials': PROFILES });
    chmodSync(join(home, '.latchkey', 'credentials'), 0o600);
    writeFiles(data, { 'admin-token': ADMIN, ...files });
    chmodSync(data, 0o700);
    const environment = { HOME: home, USERPROFILE: home, LATCHKEY_DATA: data, ...variables };
    const sent: Request[] = [];
    const client = connect(flags, environment, async (input, init) => {
      const request = new Request(input, init);
      const at = new URL(request.url);
      if (at.pathname === '/health') return serverAt(at.origin)(at) ?? new Response('{}');
      sent.push(request);
      return new Response('{}');
    });
    await client.request('GET', '/');
    return `${sent[0]?.headers.get('authorization') ?? 'nobody'} at ${sent[0]?.url}`;
  }

  it('goes before the environment when --profile names it, and gets no token of the environment', async () => {
    const token = { LATCHKEY_API_TOKEN: 'variable' };
    expect(await first({ profile: 'production' }, token)).toBe('Bearer of-production at https://production/');
    // A variable's token goes to no profile's server.
    await expect(first({}, token)).rejects.toThrow('LATCHKEY_API_TOKEN is set, and is not sent');
    await expect(first({}, { ...token, LATCHKEY_PROFILE: 'production' })).rejects.toThrow('is not sent');
    expect(await first({}, { LATCHKEY_PROFILE: 'production' })).toBe('Bearer of-production at https://production/');
  });

  it("goes before the administrator's token, and before the server that runs here", async () => {
    const files = running('http://127.0.0.1:3');
    expect(await first({}, {}, files)).toBe('Bearer of-default at http://127.0.0.1:4/');
    const place = running('http://127.0.0.1:5');
    expect(await first({ profile: 'place' }, {}, place)).toBe(`Bearer ${ADMIN} at http://127.0.0.1:5/`);
    expect(await first({ profile: 'place' }, {}, files)).toBe('nobody at http://127.0.0.1:5/');
  });

  it("does not count for another server: there it is the administrator's token, if it is the one that runs here", async () => {
    const files = running('http://127.0.0.1:6');
    expect(await first({ url: 'http://127.0.0.1:6' }, {}, files)).toBe(`Bearer ${ADMIN} at http://127.0.0.1:6/`);
    expect(await first({ url: 'http://127.0.0.1:7' }, {}, files)).toBe('nobody at http://127.0.0.1:7/');
    expect(await first({ url: 'http://example.com' })).toBe('nobody at http://example.com/');
    await expect(first({ profile: 'production', url: 'http://example.com' })).rejects.toThrow('sent nowhere else');
  });

  it('does not count beside --data, unless it is named', async () => {
    const data = temporaryFolder();
    writeFiles(data, { 'admin-token': 'of-data', ...running('http://127.0.0.1:7') });
    expect(await first({ data })).toBe('Bearer of-data at http://127.0.0.1:7/');
    expect(await first({ data, profile: 'production' })).toBe('Bearer of-production at https://production/');
  });
});

describe('a refusal', () => {
  const refusal = (status: number, body: string): Promise<Response> =>
    connect(
      { url: 'http://127.0.0.1:9', data: '/nonexistent' },
      {},
      async () => new Response(body, { status }),
    ).request('GET', '/');

  it("is told in the server's words", async () => {
    await expect(refusal(403, '{"error":{"message":"Permission denied."}}')).rejects.toThrow(
      'Permission denied. (HTTP 403)',
    );
  });

  it('of a token says how to give another one', async () => {
    await expect(refusal(401, '{"error":{"message":"No."}}')).rejects.toThrow(
      /LATCHKEY_API_TOKEN.*latchkey login.*\(HTTP 401\).*--data/,
    );
  });

  it('that is not in JSON is told by its status', async () => {
    await expect(refusal(502, '<html>')).rejects.toThrow('(HTTP 502)');
  });
});

describe('a server that is only named, by --url or a variable', () => {
  const url = 'https://models.example.com';
  const other = createServerIdentity(new Uint8Array(32).fill(9));

  /** One command after another of one user; what answers each, and what became of it. */
  async function inTurn(...answers: ((asked: URL) => Response | undefined)[]) {
    const home = temporaryFolder();
    const environment = { HOME: home, USERPROFILE: home, LATCHKEY_API_TOKEN: 'mine' };
    const results: unknown[] = [];
    for (const answer of answers) {
      let sent = 0;
      const client = connect({ url, data: join(home, 'data') }, environment, async (input, init) => {
        const request = new Request(input, init);
        const own = answer(new URL(request.url));
        if (own !== undefined) return own;
        if (new URL(request.url).pathname === '/health') return Response.json({ status: 'ok' });
        expect(request.headers.get('authorization')).toBe('Bearer mine');
        sent += 1;
        return new Response('{}');
      });
      const failure = await client.request('GET', '/api/v1/whoami').then(
        () => '',
        (error: Error) => error.message,
      );
      results.push(failure === '' ? sent : failure);
    }
    return { results, known: join(home, '.latchkey', 'known-servers.json') };
  }

  it('must prove the key from then on that it proves the first time', async () => {
    const { results, known } = await inTurn(serverAt(url), serverAt(url), serverAt(url, other), () => undefined);
    expect(results.slice(0, 2)).toEqual([1, 1]);
    expect(results[2]).toMatch(
      /has another key: it is not the server that was met there before, and no token was sent/,
    );
    expect(results[3]).toMatch(/proves no key: it is not the server that was met there before/);
    expect(statSync(known).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(known, 'utf8'))).toEqual({ [url]: identity.key });
  });

  it('is used as it is while it proves nothing, and is met when it does', async () => {
    const { results } = await inTurn(
      () => undefined,
      () => undefined,
      serverAt(url),
      () => undefined,
    );
    expect(results).toEqual([1, 1, 1, expect.stringContaining('proves no key')]);
  });

  it.skipIf(process.platform === 'win32')('is not known by a file that others can write', async () => {
    const home = temporaryFolder();
    writeFiles(home, { '.latchkey/known-servers.json': JSON.stringify({ [url]: other.key }) });
    chmodSync(join(home, '.latchkey', 'known-servers.json'), 0o666);
    const client = connect({ url, data: join(home, 'data') }, { HOME: home, LATCHKEY_API_TOKEN: 'mine' }, async () => {
      return Response.json({});
    });
    await expect(client.request('GET', '/')).rejects.toThrow('known-servers.json');
  });
});
