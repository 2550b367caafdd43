import { UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ScriptedServer, type Sent, scriptedServer } from './scripted/server.ts';

const NOW = Date.parse('2027-01-01T00:00:00Z');
const PERSONAL = new UnsecuredJWT({ token_type: 'refresh', jti: 'p' }).setExpirationTime(4e9).encode();

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
afterEach(() => void vi.useRealTimers());
const passSeconds = (seconds: number): void => void vi.setSystemTime(Date.now() + seconds * 1000);

/** An access token as a server makes it whose clock shows `now`, in milliseconds. */
function accessToken(jti: string, seconds = 300, now = Date.now()): string {
  const iat = Math.floor(now / 1000);
  return new UnsecuredJWT({ token_type: 'access', jti })
    .setIssuedAt(iat)
    .setExpirationTime(iat + seconds)
    .encode();
}

const isExchange = ({ url }: Sent): boolean => url.endsWith('/api/token/refresh');
const exchanges = ({ sent }: ScriptedServer): number => sent.filter(isExchange).length;
const bearers = ({ sent }: ScriptedServer): readonly (string | null)[] =>
  sent.filter((one) => !isExchange(one)).map(({ authorization }) => authorization);

interface ExchangingOptions {
  /** How long its access tokens live. */
  readonly seconds?: number;
  readonly clock?: () => number;
  /** What it answers to all but exchanges; by default it lets everybody in. */
  readonly answer?: (sent: Sent) => Response | Promise<Response>;
}

/** A server that makes access tokens, numbered from 1. */
function exchanging({ seconds, clock, answer = () => new Response('{}') }: ExchangingOptions = {}): ScriptedServer {
  let made = 0;
  return scriptedServer(
    (sent) => {
      if (!isExchange(sent)) return answer(sent);
      made += 1;
      return Response.json({ access: accessToken(`a${made}`, seconds, clock?.()) });
    },
    { token: PERSONAL },
  );
}

/** One that does not take the first access token that it has made. */
function refusingTheFirst(refuse: (sent: Sent) => Response | Promise<Response>): ScriptedServer {
  const first = `Bearer ${accessToken('a1')}`;
  return exchanging({ answer: (sent) => (sent.authorization === first ? refuse(sent) : new Response('{}')) });
}

const invalid = (): Response => Response.json({ error: { message: 'The token is not valid.' } }, { status: 401 });
const expired = (): Response => Response.json({ error: { message: 'The token has expired.' } }, { status: 401 });

describe('a personal access token', () => {
  it('is exchanged for an access token, which is sent in its place', async () => {
    const server = exchanging();
    await server.client.fetch('/x');
    expect(server.sent[0]).toMatchObject({
      method: 'POST',
      url: 'http://127.0.0.1:1/api/token/refresh',
      authorization: null,
      body: JSON.stringify({ refresh: PERSONAL }),
      redirect: 'manual',
    });
    expect(bearers(server)).toEqual([`Bearer ${accessToken('a1')}`]);
  });

  it('is sent itself where the server does not exchange, and asked about once', async () => {
    const server = scriptedServer((sent) => new Response('{}', { status: isExchange(sent) ? 404 : 200 }), {
      token: PERSONAL,
    });
    await server.client.fetch('/x');
    await server.client.fetch('/x');
    expect(exchanges(server)).toBe(1);
    expect(bearers(server)).toEqual([`Bearer ${PERSONAL}`, `Bearer ${PERSONAL}`]);
  });

  it('ends itself with revoke, not its access token', async () => {
    const server = exchanging();
    await server.client.fetch('/x');
    await server.client.auth.revoke();
    expect(bearers(server)[1]).toBe(`Bearer ${PERSONAL}`);
  });

  it.each([
    ['an access token', accessToken('x', 300, NOW)],
    ['a text of three parts', 'a.b.c'],
    ['an API key', 'sk-lm-AAAAAAAA:BBBBBBBBBBBBBBBBBBBB'],
  ])('is not what %s is: that is sent as it is', async (_what, token) => {
    const server = scriptedServer(() => new Response('{}'), { token });
    await server.client.fetch('/x');
    expect(server.sent.map(({ authorization }) => authorization)).toEqual([`Bearer ${token}`]);
  });

  it.each([
    [401, { detail: 'Token is blacklisted', code: 'token_not_valid' }, { code: 'invalid_token' }],
    [401, { detail: 'Token is expired', code: 'token_not_valid' }, { code: 'expired_token' }],
    [429, {}, { name: 'RateLimitError' }],
    [503, {}, { name: 'ServerError', status: 503 }],
    [307, {}, { code: 'redirected' }],
    [200, {}, { code: 'bad_answer' }],
    [200, { access: 'two\nlines' }, { code: 'bad_answer' }],
  ])('that is answered with %i %j is an error, and asked about again the next time', async (status, body, error) => {
    const server = scriptedServer(() => Response.json(body, { status }), { token: PERSONAL });
    await expect(server.client.fetch('/x')).rejects.toMatchObject(error);
    await expect(server.client.fetch('/x')).rejects.toMatchObject(error);
    expect(exchanges(server)).toBe(2);
    expect(bearers(server)).toEqual([]);
  });
});

describe('an access token', () => {
  it('is kept until shortly before its end', async () => {
    const server = exchanging({ seconds: 300 });
    await server.client.fetch('/x');
    passSeconds(269);
    await server.client.fetch('/x');
    expect(exchanges(server)).toBe(1);
    passSeconds(1);
    await server.client.fetch('/x');
    expect(exchanges(server)).toBe(2);
    expect(bearers(server)[2]).toBe(`Bearer ${accessToken('a2')}`);
  });

  it('that lives short is used for most of its life', async () => {
    const server = exchanging({ seconds: 10 });
    await server.client.fetch('/x');
    passSeconds(7.9);
    await server.client.fetch('/x');
    expect(exchanges(server)).toBe(1);
    passSeconds(0.1);
    await server.client.fetch('/x');
    expect(exchanges(server)).toBe(2);
  });

  it.each([
    ['hours behind', -36e5],
    ['hours ahead', 36e5],
  ])('is kept as long by a clock that is %s', async (_how, skew) => {
    const server = exchanging({ seconds: 300, clock: () => Date.now() - skew });
    await server.client.fetch('/x');
    passSeconds(269);
    await server.client.fetch('/x');
    passSeconds(1);
    await server.client.fetch('/x');
    expect(exchanges(server)).toBe(2);
  });

  it('is counted from when it was asked for, not from when it came', async () => {
    const server = scriptedServer(
      (sent) => {
        if (!isExchange(sent)) return new Response('{}');
        const access = accessToken('slow', 300);
        passSeconds(200);
        return Response.json({ access });
      },
      { token: PERSONAL },
    );
    await server.client.fetch('/x');
    passSeconds(71);
    await server.client.fetch('/x');
    expect(exchanges(server)).toBe(2);
  });

  it('that does not say how long it lives is asked for each time', async () => {
    const server = scriptedServer(() => Response.json({ access: 'opaque' }), { token: PERSONAL });
    await server.client.fetch('/x');
    await server.client.fetch('/x');
    expect(exchanges(server)).toBe(2);
    expect(bearers(server)).toEqual(['Bearer opaque', 'Bearer opaque']);
  });

  it('is fetched once for however many requests wait for it', async () => {
    const server = exchanging();
    await Promise.all(Array.from({ length: 50 }, () => server.client.fetch('/x')));
    expect(exchanges(server)).toBe(1);
    passSeconds(300);
    await Promise.all(Array.from({ length: 50 }, () => server.client.fetch('/x')));
    expect(exchanges(server)).toBe(2);
  });

  it('still comes for the others when one of them goes away', async () => {
    const { promise: arrival, resolve: arrive } = Promise.withResolvers<void>();
    const server = scriptedServer(
      async (sent) => {
        if (!isExchange(sent)) return new Response('{}');
        await arrival;
        return Response.json({ access: accessToken('a1') });
      },
      { token: PERSONAL },
    );
    const leaving = new AbortController();
    const left = server.client.fetch('/left', { signal: leaving.signal });
    const stays = server.client.fetch('/stays');
    leaving.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    arrive();
    expect((await stays).status).toBe(200);
    expect(exchanges(server)).toBe(1);
    expect(server.sent.some(({ url }) => url.endsWith('/left'))).toBe(false);
  });

  it('is not asked for by who has gone away before', async () => {
    const server = exchanging();
    await expect(server.client.fetch('/x', { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
    expect(server.sent).toEqual([]);
  });

  it('that does not come within half a minute is a server that does not answer', async () => {
    const asked = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(AbortSignal.abort(new Error('too late')));
    onTestFinished(() => asked.mockRestore());
    const server = scriptedServer((_, signal) => Promise.reject(signal.reason), { token: PERSONAL });
    await expect(server.client.fetch('/x')).rejects.toMatchObject({ code: 'timed_out' });
    expect(asked.mock.calls).toEqual([[30_000]]);
  });

  it('that the server calls expired is replaced, and the request repeated once', async () => {
    const server = refusingTheFirst(expired);
    const response = await server.client.fetch('/x', { method: 'POST', body: 'question' });
    expect(response.status).toBe(200);
    expect(exchanges(server)).toBe(2);
    expect(server.sent.filter((one) => !isExchange(one)).map(({ body }) => body)).toEqual(['question', 'question']);
  });

  it('that is called expired by 50 requests at once is replaced once', async () => {
    const server = refusingTheFirst(expired);
    await Promise.all(Array.from({ length: 50 }, () => server.client.fetch('/x')));
    expect(exchanges(server)).toBe(2);
  });

  it('that has been replaced is not missed again by a request that hears of its end late', async () => {
    const { promise: replaced, resolve: isReplaced } = Promise.withResolvers<void>();
    const server = refusingTheFirst(async ({ url }) => {
      if (url.endsWith('/late')) await replaced;
      return expired();
    });
    const late = server.client.fetch('/late');
    await server.client.fetch('/early');
    isReplaced();
    expect((await late).status).toBe(200);
    expect(exchanges(server)).toBe(2);
  });

  it('is not replaced for ever', async () => {
    const server = exchanging({ answer: expired });
    await expect(server.client.fetch('/x')).rejects.toMatchObject({ code: 'expired_token' });
    expect([exchanges(server), bearers(server).length]).toEqual([2, 2]);
  });

  it('is not replaced for a request whose body has gone, but for the next one', async () => {
    let isOver = true;
    const server = exchanging({ answer: () => (isOver ? expired() : new Response('{}')) });
    const body = new Blob(['question']).stream();
    await expect(server.client.fetch('/x', { method: 'POST', body, duplex: 'half' })).rejects.toMatchObject({
      code: 'expired_token',
    });
    isOver = false;
    await server.client.fetch('/x');
    expect([exchanges(server), bearers(server).length]).toEqual([2, 2]);
  });

  it('that is not valid any more, since the key is gone that signed it, is replaced as well', async () => {
    const server = refusingTheFirst(invalid);
    expect((await server.client.fetch('/x')).status).toBe(200);
    expect(exchanges(server)).toBe(2);
  });

  it('whose maker was revoked is not replaced, and the error is about the maker', async () => {
    let isRevoked = false;
    const server = scriptedServer(
      (sent) => {
        if (isRevoked) return Response.json({ detail: `Revoked at ${new URL(sent.url).pathname}.` }, { status: 401 });
        return isExchange(sent) ? Response.json({ access: accessToken('a') }) : new Response('{}');
      },
      { token: PERSONAL },
    );
    await server.client.fetch('/x');
    isRevoked = true;
    await expect(server.client.fetch('/x')).rejects.toMatchObject({
      code: 'invalid_token',
      message: expect.stringContaining('Revoked at /api/token/refresh.'),
    });
    expect([exchanges(server), bearers(server).length]).toEqual([2, 2]);
  });

  it('is not replaced when it may not do something', async () => {
    const server = exchanging({ answer: () => new Response('{}', { status: 403 }) });
    await expect(server.client.fetch('/x')).rejects.toMatchObject({ name: 'PermissionError' });
    expect(exchanges(server)).toBe(1);
  });
});
