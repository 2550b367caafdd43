import { type Auth, AuthError, anonymousPrincipal } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { type AdapterParts, adapterContract } from '@latchkey/auth-core/testing';
import { describe, expect, it } from 'vitest';
import { createHandler, type Handler } from './fetch/app.ts';
import { serveFetch } from './fetch/serve.ts';

/** A replaced part of an adapter, or a wrapper that changes requests or answers. */
interface Break {
  readonly parts?: (parts: AdapterParts) => Partial<AdapterParts>;
  readonly wrap?: (handle: Handler, parts: AdapterParts) => Handler;
}

const everybody = anonymousPrincipal(llm, llm.everything, 'everybody');
const allowed = llm.decide(everybody.authority, { action: 'models:read' }, { now: new Date() });

const withAuth = (change: (auth: Auth) => Partial<Auth>): Break => ({
  parts: ({ auth }) => ({ auth: { ...auth, ...change(auth) } }),
});

/** Turns the excused errors of `verify` into a caller with full rights. */
const trustingWhen = (excuse: (error: unknown) => boolean): Break =>
  withAuth((auth) => ({
    verify: (text) =>
      auth.verify(text).catch((error: unknown) => {
        if (excuse(error)) return everybody;
        throw error;
      }),
  }));

const hasCode = (code: string) => (error: unknown) => error instanceof AuthError && error.code === code;

const withHeaders = (change: (headers: Headers) => void): Break => ({
  wrap: (handle) => (request, peer) => {
    const headers = new Headers(request.headers);
    change(headers);
    return handle(new Request(request.url, { method: request.method, headers }), peer);
  },
});

const withAnswer = (change: (answer: Response, request: Request) => Response | Promise<Response>): Break => ({
  wrap: (handle) => async (request, peer) => change(await handle(request, peer), request),
});

const withoutHeader = (...names: string[]): Break =>
  withAnswer((answer) => {
    for (const name of names) answer.headers.delete(name);
    return answer;
  });

/** Caches the principal of a token's text forever. */
function remembering(auth: Auth): Partial<Auth> {
  const known = new Map<string | undefined, Awaited<ReturnType<Auth['verify']>>>();
  return {
    async verify(text) {
      const principal = known.get(text) ?? (await auth.verify(text));
      known.set(text, principal);
      return principal;
    },
  };
}

/** Runs the application for every request, and discards its answer. */
const runsBehindRefusals: Break = {
  wrap:
    (handle, { listModels }) =>
    async (request, peer) => {
      await listModels().catch(() => undefined);
      return handle(request, peer);
    },
};

/** Never releases the place of a request. */
const keepsPlaces: Break = {
  parts: ({ meter }) => ({
    meter: {
      ...meter,
      admit: async (principal) => ({ ...(await meter.admit(principal)), release: async () => undefined }),
    },
  }),
};

const publicForAll: Break['wrap'] = (handle) => async (request, peer) =>
  request.url.includes('public') ? Response.json({ hello: 'everybody' }) : handle(request, peer);

/** Adapters that break one promise each, and the case of the contract that must detect it. */
const BROKEN: readonly (readonly [notice: string, change: Break])[] = [
  [
    'asks for no token on an open route',
    withAnswer((answer, request) => (request.url.endsWith('/public') ? Response.json({}, { status: 401 }) : answer)),
  ],
  [
    'says who asks, and answers',
    withAuth((auth) => ({ verify: async (text) => ({ ...(await auth.verify(text)), id: 'me' }) })),
  ],
  [
    'takes a token as Bearer, as Token and as x-api-key, whatever the case',
    withHeaders((headers) => {
      if (headers.get('authorization')?.startsWith('Token')) headers.delete('authorization');
    }),
  ],
  ['takes no HTTP Basic by default, and does not offer it', { parts: () => ({ basic: true }) }],
  ['takes and offers HTTP Basic where it is switched on', { parts: () => ({ basic: false }) }],
  [
    'answers 401 without a word of error to who sends no token',
    withHeaders((headers) => {
      if (!headers.has('authorization')) headers.set('authorization', 'Bearer none');
    }),
  ],
  [
    'answers 401 with invalid_token to what is not a token, and to one that does not exist',
    withAnswer((answer) => {
      if (answer.status === 401) answer.headers.set('www-authenticate', 'Bearer realm="api"');
      return answer;
    }),
  ],
  [
    'answers 401 to a token as soon as it was revoked or has expired, also when it was good before',
    withAuth(remembering),
  ],
  ['answers 401 to a token as soon as its kind is switched off', withAuth(remembering)],
  [
    'takes no token from a header that comes twice',
    withHeaders((headers) => {
      const [first = ''] = headers.get('authorization')?.split(', ') ?? [];
      if (first !== '') headers.set('authorization', first);
    }),
  ],
  [
    'takes neither of two tokens that differ',
    withHeaders((headers) => {
      if (headers.has('authorization')) headers.delete('x-api-key');
    }),
  ],
  [
    'takes a token from the places that are named, in their order, and from no other',
    withHeaders((headers) => headers.delete('private-token')),
  ],
  [
    'takes no cookie that another site makes a browser send',
    withHeaders((headers) => {
      headers.delete('sec-fetch-site');
      headers.delete('origin');
    }),
  ],
  [
    'knows a caller by its token, and one without a token as a guest that may do nothing',
    withHeaders((headers) => {
      if (headers.get('authorization') === 'Bearer nonsense') headers.delete('authorization');
    }),
  ],
  [
    'counts guests by their address, and callers with a token by that',
    withHeaders((headers) => headers.delete('x-forwarded-for')),
  ],
  ['answers 403 with insufficient_scope to a token that may not do this', withAuth(() => ({ decide: () => allowed }))],
  [
    'decides from the address of the connection, whatever X-Forwarded-For says',
    { parts: () => ({ trustedProxies: ['0.0.0.0/0', '::/0'] }) },
  ],
  [
    'decides from the address that a trusted proxy says, and not from what its client says',
    withHeaders((headers) => {
      const [leftmost] = headers.get('x-forwarded-for')?.split(', ') ?? [];
      if (leftmost !== undefined) headers.set('x-forwarded-for', leftmost);
    }),
  ],
  [
    'lets a token act for a project that it may use, and for no other',
    withHeaders((headers) => headers.delete('project')),
  ],
  ['answers 503 with Retry-After and denies while a store fails', trustingWhen(hasCode('AUTH_STORE_UNAVAILABLE'))],
  [
    'lets the host itself hear of a store that fails, and not of refusals',
    { parts: () => ({ failed: () => undefined }) },
  ],
  [
    'lets no cache keep a refusal with the headers of the answer that is not given',
    withAnswer((answer) => {
      answer.headers.set('cache-control', 'public, max-age=600');
      return answer;
    }),
  ],
  [
    'says what is left of the limits, and then answers 429 and until when',
    withoutHeader('ratelimit', 'ratelimit-policy'),
  ],
  ['gives back the place of a request that was answered, refused or has failed', keepsPlaces],
  [
    'denies when something fails that is not a refusal, and shows nothing of it',
    trustingWhen((error) => !(error instanceof AuthError)),
  ],
  [
    'asks for a token whatever the method is',
    {
      wrap: (handle) => async (request, peer) =>
        request.method === 'OPTIONS' ? new Response(null, { status: 204 }) : handle(request, peer),
    },
  ],
  [
    'gives the application the body of a request that it lets in',
    withHeaders((headers) => headers.set('x-the-body', 'is not passed on')),
  ],
  [
    'refuses without waiting for the body',
    {
      wrap: (handle) => async (request, peer) => {
        await request.clone().text();
        return handle(request, peer);
      },
    },
  ],
  [
    'ends the work of a request whose token is revoked while it runs',
    { parts: () => ({ wait: async () => 'at once, without a look at the signal' }) },
  ],
  ['ends the work of a request whose client has left, and gives back its place', keepsPlaces],
  ['opens no door to another spelling of its path', { wrap: publicForAll }],
];

/** Promises that every case checks: an adapter that breaks the promise, and a case that must detect it. */
const EVERYWHERE: readonly (readonly [promise: string, notice: string, change: Break])[] = [
  ['nothing runs behind a refusal', 'answers 401 without a word of error to who sends no token', runsBehindRefusals],
  [
    'nothing runs behind a denial',
    'answers 403 with insufficient_scope to a token that may not do this',
    runsBehindRefusals,
  ],
  [
    'an error is JSON',
    'answers 401 without a word of error to who sends no token',
    withAnswer((answer) => {
      if (!answer.ok) answer.headers.set('content-type', 'text/plain');
      return answer;
    }),
  ],
  [
    'an error has its code',
    'takes neither of two tokens that differ',
    withAnswer((answer) => (answer.ok ? answer : Response.json({ error: 'no' }, answer))),
  ],
  [
    'an answer shows no token',
    'answers 403 with insufficient_scope to a token that may not do this',
    withAnswer((answer, request) => {
      answer.headers.set('x-debug', request.headers.get('authorization') ?? '');
      return answer;
    }),
  ],
  [
    'an answer shows nothing of what failed inside',
    'denies when something fails that is not a refusal, and shows nothing of it',
    {
      parts: ({ auth }) => ({
        auth: {
          ...auth,
          verify: (text) =>
            auth.verify(text).catch((error) => Promise.reject(new AuthError('AUTH_CONFLICT', error.message))),
        },
      }),
    },
  ],
  [
    'a refusal at the limit says until when',
    'says what is left of the limits, and then answers 429 and until when',
    withoutHeader('retry-after'),
  ],
  [
    'a failing limit store denies',
    'answers 503 with Retry-After and denies while a store fails',
    {
      parts: ({ meter }) => ({
        meter: {
          ...meter,
          admit: (principal) => meter.admit(principal).catch(() => meter.admit({ ...principal, authority: [] })),
        },
      }),
    },
  ],
  [
    'a failing decision is no permission',
    'denies when something fails that is not a refusal, and shows nothing of it',
    withAuth((auth) => ({
      decide(...question) {
        try {
          return auth.decide(...question);
        } catch {
          return allowed;
        }
      },
    })),
  ],
];

function casesOf({ parts: change, wrap }: Break) {
  return adapterContract((given) => {
    const parts = { ...given, ...change?.(given) };
    const handle = createHandler(parts);
    return serveFetch(wrap?.(handle, parts) ?? handle);
  });
}

describe('the contract of adapters', () => {
  it('is broken in each of its cases by some adapter', () => {
    const names = adapterContract(() => Promise.reject()).map(({ name }) => name);
    expect(BROKEN.map(([notice]) => notice)).toEqual(names);
  });

  it.each(BROKEN)('notices an adapter that breaks: %s', async (notice, change) => {
    await expect(
      casesOf(change)
        .find(({ name }) => name === notice)
        ?.run(),
    ).rejects.toThrow();
  });

  it.each(EVERYWHERE)('notices an adapter that breaks: %s', async (_, notice, change) => {
    await expect(
      casesOf(change)
        .find(({ name }) => name === notice)
        ?.run(),
    ).rejects.toThrow();
  });
});
