import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  AuthenticationError,
  ConnectionError,
  createClient,
  type LatchkeyError,
  PermissionError,
  RateLimitError,
  ServerError,
} from '../src/index.ts';
import { newHome } from './scripted/home.ts';
import { scriptedServer } from './scripted/server.ts';

const TOKEN = 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB';

const IDENTITY = {
  id: 'AAAAAAAA',
  kind: 'api-key',
  name: 'ci-bot',
  owner: 'ada',
  email: null,
  project: null,
  rootId: 'AAAAAAAA',
  tokenId: 'AAAAAAAA',
  authority: [{ source: 'token ci-bot', grant: { actions: ['chat'] } }],
  limits: [{ name: 'tokensPerDay', source: 'token ci-bot', limit: 9, remaining: 4, resetSeconds: 60 }],
  expiresAt: null,
};

describe('a request', () => {
  it('carries the token and the project', async () => {
    const { client, sent } = scriptedServer(() => new Response('[]'), { token: TOKEN, project: 'bücher' });
    await client.fetch('/api/v1/models?all=1', { headers: { Accept: 'text/plain' } });
    expect(sent[0]).toMatchObject({
      method: 'GET',
      url: 'http://127.0.0.1:1/api/v1/models?all=1',
      authorization: `Bearer ${TOKEN}`,
    });
    expect(sent[0]?.headers.get('accept')).toBe('text/plain');
    expect(Buffer.from(sent[0]?.headers.get('latchkey-project') ?? '', 'latin1').toString('utf8')).toBe('bücher');
  });

  it('carries neither when there is neither', async () => {
    const { client, sent } = scriptedServer(() => new Response('[]'));
    await client.fetch('/health');
    expect([...(sent[0]?.headers.keys() ?? [])]).toEqual([]);
  });

  it('goes below the path that the server has behind a proxy', async () => {
    const { client, sent } = scriptedServer(() => new Response('[]'), { url: 'https://example.com/latchkey/' });
    await client.fetch('/api/v1/models');
    expect([client.url, sent[0]?.url]).toEqual([
      'https://example.com/latchkey',
      'https://example.com/latchkey/api/v1/models',
    ]);
  });

  it.each(['@evil.example/', '.evil.example', ':80@evil.example', 'https://evil.example/', 'api', ''])(
    'to %j is sent nowhere: the rest of another name is no path',
    async (path) => {
      const { client, sent } = scriptedServer(() => new Response('[]'), { token: TOKEN });
      await expect(client.fetch(path)).rejects.toThrow(TypeError);
      expect(sent).toEqual([]);
    },
  );

  it.each(['//evil.example/', '/\\evil.example/', '/../@evil.example'])('to %j stays with the server', async (path) => {
    const { client, sent } = scriptedServer(() => new Response('[]'), { token: TOKEN });
    await client.fetch(path);
    expect(new URL(sent[0]?.url ?? '').origin).toBe('http://127.0.0.1:1');
  });

  it('that is wrong in itself is no fault of the server', async () => {
    const { client } = scriptedServer(() => new Response('[]'));
    await expect(client.fetch('/', { method: 'GET', body: 'x' })).rejects.toThrow(TypeError);
  });
});

describe('a path', () => {
  it.each(['/../admin', '/x/../../admin', '/%2e%2e/admin', '/..\\admin'])(
    'cannot leave the server’s own: %s',
    async (path) => {
      const { client, sent } = scriptedServer(() => new Response('[]'), { url: 'https://h/team-a', token: TOKEN });
      await expect(client.fetch(path)).rejects.toThrow('below that of the server');
      expect(sent).toEqual([]);
    },
  );
});

describe('options', () => {
  it('that are not known are refused by name', () => {
    const options = { api_token: 'sk-secret' } as object;
    expect(() => createClient(options)).toThrow('There is no option api_token. It is called token here.');
  });

  it('repeat what a server was too busy for, what acts with one key for all tries', async () => {
    let answers = 0;
    const busy = (status: number) => () => {
      answers += 1;
      return answers % 2 === 1 ? new Response('', { status, headers: { 'Retry-After': '0.01' } }) : new Response('ok');
    };
    for (const status of [429, 503]) {
      const { client, sent } = scriptedServer(busy(status), { retries: 1 });
      expect((await client.fetch('/', { method: 'POST', body: 'x' })).ok).toBe(true);
      expect((await client.fetch('/')).ok).toBe(true);
      const headers = { 'Idempotency-Key': 'mine' };
      expect((await client.fetch('/', { method: 'DELETE', headers })).ok).toBe(true);
      const keys = sent.map((request) => request.headers.get('Idempotency-Key'));
      expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
      expect(keys).toEqual([keys[0], keys[0], null, null, 'mine', 'mine']);
    }
    const once = scriptedServer(busy(429));
    await expect(once.client.fetch('/', { method: 'POST' })).rejects.toMatchObject({ retryAfterSeconds: 0.01 });
    expect(once.sent[0]?.headers.has('Idempotency-Key')).toBe(false);
  });

  it('end a request whose time is over', async () => {
    const { client } = scriptedServer(
      (_sent, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
      { timeout: 1 },
    );
    await expect(client.fetch('/')).rejects.toMatchObject({ name: 'ConnectionError', code: 'timed_out' });
  });
});

describe('a body', () => {
  const endless = (): ReadableStream =>
    new ReadableStream({ pull: (to) => to.enqueue(new Uint8Array(65_536).fill(120)) });

  it('of a refusal is read up to a bound', async () => {
    const { client } = scriptedServer(() => new Response(endless(), { status: 500 }));
    await expect(client.fetch('/')).rejects.toMatchObject({ code: 'http_500' });
  });

  it.each([200, 500])('that does not end is left with the reason of the signal (HTTP %i)', async (status) => {
    const leaving = new AbortController();
    const body = new ReadableStream({ pull: () => leaving.abort(new Error('enough')) }, { highWaterMark: 0 });
    const { client } = scriptedServer(() => new Response(body, { status }));
    await expect(client.auth.whoami({ signal: leaving.signal })).rejects.toThrow('enough');
  });

  it('that is cut is a matter of the connection', async () => {
    const body = new ReadableStream({ pull: (to) => to.error(new TypeError('terminated')) });
    const { client } = scriptedServer(() => new Response(body));
    await expect(client.auth.whoami()).rejects.toMatchObject({ name: 'ConnectionError', code: 'connection_cut' });
  });
});

describe('a failure of the connection', () => {
  it.each([
    ['ENOTFOUND', 'name_not_found'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed'],
    ['UND_ERR_HEADERS_OVERFLOW', 'bad_header'],
    ['ECONNRESET', 'connection_cut'],
    ['UND_ERR_CONNECT_TIMEOUT', 'timed_out'],
    ['ECONNREFUSED', 'unreachable'],
  ])('of %s is told as %s, without what the server has sent', async (code, expected) => {
    const cause = Object.assign(new Error(`x ${TOKEN}`), { code, data: TOKEN });
    const { client } = scriptedServer(() => Promise.reject(new TypeError('fetch failed', { cause })), { token: TOKEN });
    const error = await client.fetch('/').catch((thrown) => thrown);
    expect(error).toMatchObject({ name: 'ConnectionError', code: expected });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(TOKEN);
  });
});

describe('the error of a fetch of one’s own', () => {
  const causeOf = async (thrown: Error): Promise<unknown> => {
    const { client } = scriptedServer(() => Promise.reject(thrown), { token: TOKEN });
    const error = await client.fetch('/').catch((caught) => caught);
    expect(error).toMatchObject({ name: 'ConnectionError', code: 'unreachable' });
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain(TOKEN);
    return error.cause;
  };

  it('stays the cause where it has words and numbers alone', async () => {
    const plain = Object.assign(new Error('enough'), { reason: 'policy', attempts: 2 });
    expect(await causeOf(plain)).toBe(plain);
  });

  it.each<[string, object]>([
    ['in a field', { header: `Bearer ${TOKEN}` }],
    ['in a field of a field', { config: { headers: { Authorization: `Bearer ${TOKEN}` } } }],
    ['in a request', { request: new Request('http://h', { headers: { Authorization: `Bearer ${TOKEN}` } }) }],
    ['in what it came from', { cause: new Error(TOKEN) }],
    ['as in a URL', { url: `http://h/?t=${encodeURIComponent(TOKEN)}` }],
    ['in the name of a field', { [TOKEN]: 1 }],
  ])('leaves no token behind %s', async (_where, fields) => {
    expect(await causeOf(Object.assign(new Error('failed'), fields))).toMatchObject({ message: 'failed' });
  });
});

describe('a URL that ends in /v1', () => {
  it('is one to leave that out of, where nothing is found', async () => {
    const { client } = scriptedServer(() => new Response('', { status: 404 }), { url: 'http://127.0.0.1:1/v1' });
    await expect(client.auth.whoami()).rejects.toThrow('The URL ends in /v1: leave that out.');
  });
});

describe('options that are not given', () => {
  it('may be undefined, for those who compile with exactOptionalPropertyTypes, too', () => {
    const { url } = createClient({
      token: process.env.LATCHKEY_NOT_SET,
      url: process.env.LATCHKEY_NOT_SET,
      project: undefined,
      profile: null,
      environment: {},
      defaultUrl: undefined,
      fetch: undefined,
      timeout: undefined,
      retries: undefined,
    });
    expect(url).toBe('http://127.0.0.1:1234');
    const { client } = scriptedServer(() => Response.json(IDENTITY));
    return expect(client.auth.whoami({ signal: undefined })).resolves.toMatchObject({ name: 'ci-bot' });
  });
});

describe('a redirect', () => {
  it.each([301, 302, 303, 307, 308])('of %i is not followed, whatever the caller asks for', async (status) => {
    const headers = { Location: 'https://evil.example/take?secret=1' };
    const { client, sent } = scriptedServer(() => new Response(null, { status, headers }), { token: TOKEN });
    const error: ServerError = await client.fetch('/', { redirect: 'follow' }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ code: 'redirected', status });
    expect(error.message).toContain('redirects to https://evil.example, where');
    expect(sent.map(({ redirect }) => redirect)).toEqual(['manual']);
  });
});

describe('whoami', () => {
  it('says whose token it is, and what a newer server adds', async () => {
    const { client, sent } = scriptedServer(() => Response.json({ ...IDENTITY, team: 'blue' }), { token: TOKEN });
    expect(await client.auth.whoami()).toEqual({ ...IDENTITY, team: 'blue' });
    expect(sent[0]?.url).toBe('http://127.0.0.1:1/api/v1/whoami');
  });

  it.each([
    ['a page', '<html>'],
    ['nothing', ''],
    ['another object', '{"id":"x"}'],
    ['a grant without a source', JSON.stringify({ ...IDENTITY, authority: [{ grant: {} }] })],
    ['a limit without a number', JSON.stringify({ ...IDENTITY, limits: [{ name: 'x', source: 'y' }] })],
    ['a limit of text', JSON.stringify({ ...IDENTITY, limits: [{ ...IDENTITY.limits[0], remaining: '4' }] })],
    ['no list', JSON.stringify({ ...IDENTITY, authority: {} })],
  ])('does not take %s for an answer', async (_what, body) => {
    const { client } = scriptedServer(() => new Response(body));
    await expect(client.auth.whoami()).rejects.toMatchObject({ name: 'ServerError', code: 'bad_answer' });
  });
});

describe('revoke', () => {
  it('sends the token to where it ends itself', async () => {
    const { client, sent } = scriptedServer(() => Response.json({}), { token: TOKEN });
    expect(await client.auth.revoke()).toEqual({ stored: true });
    expect(sent).toMatchObject([
      { method: 'POST', url: 'http://127.0.0.1:1/api/v1/tokens/revoke-self', authorization: `Bearer ${TOKEN}` },
    ]);
  });

  it('says when the server could not store it yet', async () => {
    const { client } = scriptedServer(() => Response.json({ stored: false }, { status: 202 }), { token: TOKEN });
    expect(await client.auth.revoke()).toEqual({ stored: false });
  });

  it('throws when the server refuses', async () => {
    const { client } = scriptedServer(() => new Response(null, { status: 401 }), { token: TOKEN });
    await expect(client.auth.revoke()).rejects.toBeInstanceOf(AuthenticationError);
  });
});

/** What a client throws at an answer. */
async function refusal(
  status: number,
  body: unknown,
  { token, headers = {} }: { token?: string; headers?: Record<string, string> } = { token: TOKEN },
): Promise<LatchkeyError> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const { client } = scriptedServer(
    () => new Response(text, { status, headers }),
    token === undefined ? {} : { token },
  );
  return client.fetch('/').then(
    () => expect.fail('it was let in'),
    (error) => error,
  );
}

const said = (message: string, others: object = {}): object => ({ error: { message, code: 'some_code', ...others } });

describe('an answer of 401', () => {
  it('to nobody says how to give a token', async () => {
    const error = await refusal(401, said('A token is required.'), {});
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ code: 'no_token', status: 401 });
    expect(error.message).toBe(
      "No API token provided for http://127.0.0.1:1. Set LATCHKEY_API_TOKEN, or log in with 'latchkey login'.",
    );
  });

  it('to a token that will not do says why', async () => {
    const error = await refusal(401, said('The token was revoked.'));
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'invalid_token' });
    expect(error.message).toBe('Invalid API token for http://127.0.0.1:1. The token was revoked.');
    expect((await refusal(401, '')).message).toBe('Invalid API token for http://127.0.0.1:1.');
  });

  it.each([
    ['in data', said('No.', { details: { code: 'AUTH_TOKEN_EXPIRED' } }), {}],
    ['in words', said('The token has expired.'), {}],
    ["in Label Studio's words", { detail: 'Token is expired', code: 'token_not_valid' }, {}],
    ['in the challenge', '', { 'WWW-Authenticate': 'Bearer error="invalid_token", error_description="It expired."' }],
  ])('to an expired token is told apart, said %s', async (_where, body, headers) => {
    const error = await refusal(401, body, { token: TOKEN, headers });
    expect(error).toMatchObject({ name: 'AuthenticationError', code: 'expired_token' });
    expect(error.message).toContain('has expired');
  });
});

describe('an answer of 403', () => {
  it('names the grant, the rule and the reason', async () => {
    const decision = { grant: 2, source: 'token ci-bot', rule: 'models', reason: 'model x' };
    const details = { code: 'AUTH_PERMISSION_DENIED', ...decision };
    const error = await refusal(403, said('Permission denied by grant #2.', { details }));
    expect(error).toBeInstanceOf(PermissionError);
    expect(error).toMatchObject({ code: 'some_code', message: 'Permission denied by grant #2.', decision });
  });

  it.each([{}, { grant: '2', source: 's', rule: 'r', reason: 'x' }, { grant: 2 }, null, 'x'])(
    'without them in data has the words alone: %j',
    async (details) => {
      const error = await refusal(403, said('No.', { details }));
      expect(error).toMatchObject({ name: 'PermissionError', message: 'No.', decision: undefined });
    },
  );
});

describe('an answer of 429', () => {
  it('names the limit and how long to wait', async () => {
    const error = await refusal(429, said('No room.', { param: 'tokensPerDay' }), {
      token: TOKEN,
      headers: { 'Retry-After': '17' },
    });
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ code: 'some_code', limit: 'tokensPerDay', retryAfterSeconds: 17 });
  });

  it.each([
    ['', undefined],
    ['soon', undefined],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ])('reads Retry-After %j as %s', async (text, seconds) => {
    const error = await refusal(429, '', { headers: { 'Retry-After': text } });
    expect(error).toMatchObject({ retryAfterSeconds: seconds, limit: undefined });
  });
});

describe('any other answer', () => {
  it("is an error with the server's code, parameter and id of the request", async () => {
    const error = await refusal(400, said('temperature must be a number.', { param: 'temperature' }), {
      headers: { 'X-Request-Id': 'r-1' },
    });
    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({
      code: 'some_code',
      status: 400,
      param: 'temperature',
      requestId: 'r-1',
      message: 'temperature must be a number.',
    });
  });

  it.each(['<html>bad gateway', '', '[]', 'null', '{"error":{"message":7}}'])(
    'is told by its status when it says nothing: %j',
    async (body) => {
      expect(await refusal(502, body)).toMatchObject({
        code: 'http_502',
        message: 'The server at http://127.0.0.1:1 answered HTTP 502.',
      });
    },
  );

  it('reads a sentence and a list', async () => {
    expect(await refusal(404, { error: 'No such model.' })).toMatchObject({
      code: 'http_404',
      message: 'No such model.',
    });
    const detail = [{ loc: ['body', 'model'], msg: 'field required' }];
    expect(await refusal(422, { detail })).toMatchObject({ message: 'body.model: field required' });
  });

  it('holds no token in any field', async () => {
    const bad = `${TOKEN}\u001b[31m`;
    const details = { grant: 1, source: bad, rule: bad, reason: bad, limit: bad };
    for (const status of [400, 403, 429]) {
      const error = await refusal(status, { error: { message: bad, code: bad, param: bad, details } });
      expect(inspect(error, { depth: null, showHidden: true })).not.toContain(TOKEN);
      expect(JSON.stringify({ ...error })).not.toMatch(/\\u001b|sk-lm-AAAA/);
    }
  });

  it("reads OAuth's words", async () => {
    const body = { error: 'invalid_target', error_description: 'No such audience.' };
    expect(await refusal(400, body)).toMatchObject({ code: 'invalid_target', message: 'No such audience.' });
  });

  it('cannot write to a terminal what is no text, and is cut when it is long', async () => {
    const { message } = await refusal(400, said(`red \u001b[31m\r\n\u202e${'x'.repeat(9999)}`));
    expect(message).toMatch(/^red {1,2}\[31m x+$/);
    expect(message.length).toBe(1000);
  });

  it.each([
    '\u200b',
    '\u061c',
    '\u009b',
    '\u2028',
    '\ufe0f',
    '\u034f',
    '\u3164',
    '\u2800',
    '\u{e0041}',
    '\u{e0100}',
    '\ud800',
  ])('has no hidden character: %j', async (character) => {
    const { message } = await refusal(400, said(`No${character} model.`));
    expect(message).toBe('No  model.');
  });
});

describe('a server that does not answer', () => {
  it('is named', async () => {
    const { client } = scriptedServer(() => Promise.reject(new TypeError('fetch failed')));
    const error: ConnectionError = await client.fetch('/').catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: 'unreachable', url: 'http://127.0.0.1:1' });
    expect(error.message).toContain('No server answers at http://127.0.0.1:1.');
  });

  it('is not blamed for who goes away', async () => {
    const leaving = new AbortController();
    const { client } = scriptedServer(async (_sent, signal) => {
      leaving.abort(new Error('enough'));
      signal.throwIfAborted();
      return new Response();
    });
    await expect(client.fetch('/', { signal: leaving.signal })).rejects.toThrow('enough');
  });
});

describe('the token', () => {
  it('is shown by nothing that prints the client', () => {
    const file = `[default]\napi_token = ${TOKEN}\n`;
    for (const client of [
      createClient({ token: TOKEN, profile: null, environment: {} }),
      createClient({ environment: newHome(file).environment }),
    ]) {
      const printed = [
        inspect(client, { depth: null, showHidden: true, getters: true }),
        JSON.stringify(client),
        String(client),
        ...Object.values(client).map(String),
      ];
      expect(printed.join()).not.toContain('sk-lm-');
    }
  });

  it('is in no error, even when the server repeats it', async () => {
    for (const status of [400, 401, 403, 429, 500]) {
      const headers = { Location: `http://x/${TOKEN}`, 'X-Request-Id': 'r-1' };
      const error = await refusal(status, said(`The token ${TOKEN} will not do, ${TOKEN}.`), { token: TOKEN, headers });
      expect(inspect(error, { depth: null })).not.toContain(TOKEN);
      expect(error.message).not.toContain(TOKEN);
    }
  });
});
