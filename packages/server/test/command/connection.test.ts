import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ConnectionFlags, connect } from '../../src/command/connection.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';

const ADMIN = 'sk-lm-ADMIN000:AAAAAAAAAAAAAAAAAAAA';

/** Where a command's first request goes, and with which token. */
async function firstRequest(
  flags: ConnectionFlags,
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
): Promise<{ readonly url: string; readonly authorization: string | undefined }> {
  const data = temporaryFolder();
  writeFiles(data, { 'admin-token': `${ADMIN}\n`, ...files });
  const sent: { url: string; authorization: string | undefined }[] = [];
  const client = connect({ data, ...flags }, environment, async (input) => {
    const { url, headers } = input as Request;
    sent.push({ url, authorization: headers.get('authorization') ?? undefined });
    return new Response('{}');
  });
  await client.request('GET', '/api/v1/whoami');
  return sent[0] ?? expect.fail('nothing was sent');
}

const running = (url: string): Record<string, string> => ({
  'server.json': JSON.stringify({ url, pid: process.pid }),
});

describe('the server that a command speaks to', () => {
  it('is the one of --url, of LATCHKEY_URL, the one that runs on the data folder, or port 1234, in this order', async () => {
    const environment = { LATCHKEY_URL: 'http://127.0.0.1:2' };
    const files = running('http://127.0.0.1:3');
    const urls = [
      await firstRequest({ url: 'http://127.0.0.1:1' }, environment, files),
      await firstRequest({}, environment, files),
      await firstRequest({}, { LATCHKEY_URL: '' }, files),
      await firstRequest({}),
    ].map(({ url }) => url);
    expect(urls).toEqual([
      'http://127.0.0.1:1/api/v1/whoami',
      'http://127.0.0.1:2/api/v1/whoami',
      'http://127.0.0.1:3/api/v1/whoami',
      'http://127.0.0.1:1234/api/v1/whoami',
    ]);
  });

  it('is refused when what names it is no URL', () => {
    expect(() => connect({ url: 'localhost 1234', data: '/nonexistent' }, {})).toThrow(
      'url is no URL of a server. Write it like http://127.0.0.1:1234.',
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
});

describe('the token that is sent', () => {
  it('is LATCHKEY_API_TOKEN, or LM_API_TOKEN, before any other', async () => {
    const both = { LATCHKEY_API_TOKEN: 'first', LM_API_TOKEN: 'second' };
    expect((await firstRequest({}, both)).authorization).toBe('Bearer first');
    expect((await firstRequest({}, { LM_API_TOKEN: 'second' })).authorization).toBe('Bearer second');
    expect((await firstRequest({}, { LATCHKEY_API_TOKEN: '' })).authorization).toBe(`Bearer ${ADMIN}`);
  });

  it.each([
    'http://127.0.0.1:1234',
    'http://127.8.8.8',
    'http://localhost:1',
    'http://[::1]:1234',
    'http://2130706433/',
  ])("is the administrator's for %s, which is this machine", async (url) => {
    expect((await firstRequest({ url })).authorization).toBe(`Bearer ${ADMIN}`);
  });

  it.each([
    'http://192.168.1.7:1234',
    'http://example.com',
    'http://127.0.0.1.example.com',
    'http://localhost.example.com',
    'http://[fd00::1]:1234',
  ])("is never the administrator's for %s", async (url) => {
    expect((await firstRequest({ url })).authorization).toBeUndefined();
    expect((await firstRequest({}, { LATCHKEY_URL: url })).authorization).toBeUndefined();
  });

  it("is the administrator's for the server that runs on the data folder, at whatever address it listens", async () => {
    const url = 'http://192.168.1.7:1234';
    expect((await firstRequest({}, {}, running(url))).authorization).toBe(`Bearer ${ADMIN}`);
    expect((await firstRequest({ url: `${url}0` }, {}, running(url))).authorization).toBeUndefined();
  });

  it('is none when the data folder has none', async () => {
    const data = join(temporaryFolder(), 'nothing');
    expect((await firstRequest({ data })).authorization).toBeUndefined();
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
    const environment = { HOME: home, USERPROFILE: home, LATCHKEY_DATA: data, ...variables };
    const sent: Request[] = [];
    const client = connect(flags, environment, async (input) => {
      sent.push(input as Request);
      return new Response('{}');
    });
    await client.request('GET', '/');
    return `${sent[0]?.headers.get('authorization') ?? 'nobody'} at ${sent[0]?.url}`;
  }

  it('goes before the environment when --profile names it, and behind it when not', async () => {
    const token = { LATCHKEY_API_TOKEN: 'variable' };
    expect(await first({ profile: 'production' }, token)).toBe('Bearer of-production at https://production/');
    expect(await first({}, token)).toBe('Bearer variable at http://127.0.0.1:4/');
    expect(await first({}, { ...token, LATCHKEY_PROFILE: 'production' })).toBe(
      'Bearer variable at https://production/',
    );
    expect(await first({}, { LATCHKEY_PROFILE: 'production' })).toBe('Bearer of-production at https://production/');
  });

  it("goes before the administrator's token, and before the server that runs here", async () => {
    const files = running('http://127.0.0.1:3');
    expect(await first({}, {}, files)).toBe('Bearer of-default at http://127.0.0.1:4/');
    expect(await first({ profile: 'place' }, {}, files)).toBe(`Bearer ${ADMIN} at http://127.0.0.1:5/`);
  });

  it("does not count for another server: there it is the administrator's token, on this machine", async () => {
    expect(await first({ url: 'http://127.0.0.1:6' })).toBe(`Bearer ${ADMIN} at http://127.0.0.1:6/`);
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
