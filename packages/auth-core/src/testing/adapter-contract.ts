import { DEFAULT_AUTH_SETTINGS } from '../settings.ts';
import {
  type AdapterBench,
  assertAnswered,
  assertRefused,
  type BenchAnswer,
  type Failure,
  MODELS,
  type StartAdapter,
  vocabulary,
  withBench,
} from './adapter-bench.ts';
import { bearer, type Case, unknownToken, whoami } from './adapter-case.ts';
import { CREDENTIAL_CASES } from './adapter-credential-cases.ts';
import { assertEqual, type ContractCase } from './contract-case.ts';

/**
 * The contract of an adapter of auth-core for a web framework, as data that any test framework can run. It needs Node,
 * and a server with these routes for each case:
 *
 * - `GET /public` answers 200 to every request, and needs no token;
 * - `GET /whoami` answers `{ id, name, project }` of the caller, for any authority of the token;
 * - `GET /models` needs the action `models:read` and answers `{ models }` of `listModels()`;
 * - `POST /models` needs the action `models:write` and answers `{ received }`, which is the JSON of the request's body;
 * - `GET /cached` needs the action `models:write`, and sets `Cache-Control: public, max-age=600` and an `ETag` before that
 *   is decided, if the host can; it answers anything;
 * - `GET /wait` needs the action `models:read` and answers `{ ended }` of `wait(signal)`.
 *
 * Requests to all but the first are counted by the meter. Errors are JSON with `"code"` somewhere in it. A store that
 * fails reaches `failed` where the host hears of errors.
 *
 * @example
 * ```ts
 * import { type AdapterParts, type AdapterServer, adapterContract } from '@latchkey/auth-core/testing';
 *
 * declare function start(parts: AdapterParts): Promise<AdapterServer>; // your framework, listening on 127.0.0.1
 *
 * for (const { run } of adapterContract(start)) await run(); // or: for (const { name, run } of …) it(name, run);
 * ```
 */
export function adapterContract(start: StartAdapter): readonly ContractCase[] {
  return CASES.map(([name, check, options = {}]) => ({ name, run: () => withBench(start, options, check) }));
}

const cached = { path: '/cached' };
const basic = (token: string) => ({ authorization: `Basic ${btoa(`proxy:${token}`)}` });

/** Expects an error that is not a refusal: the request is not served, and the response does not reveal the cause. */
function assertFailed(answer: BenchAnswer, reached = false): void {
  assertEqual([answer.status >= 500 && answer.status < 600, answer.reached], [true, reached]);
}

const waitGrant = { actions: ['models:read'], limits: { concurrentRequests: 1 } };

const CASES: readonly Case[] = [
  [
    'asks for no token on an open route',
    async ({ send }) => {
      assertEqual((await send({}, { path: '/public' })).status, 200);
      assertEqual((await send(bearer('nonsense'), { path: '/public' })).status, 200);
    },
  ],
  [
    'says who asks, and answers',
    async ({ issue, send }) => {
      const { id, token } = await issue({ project: 'alpha' });
      assertEqual(JSON.parse((await send(bearer(token), whoami)).body), { id, name: 'ci-bot', project: 'alpha' });
      const answer = await send(bearer(token));
      assertAnswered(answer);
      assertEqual(JSON.parse(answer.body), { models: MODELS });
    },
  ],
  [
    'takes a token as Bearer, as Token and as x-api-key, whatever the case',
    async ({ issue, send }) => {
      const { token } = await issue();
      for (const scheme of ['Bearer', 'bearer', 'BEARER', 'Token', 'token']) {
        assertAnswered(await send({ authorization: `${scheme} ${token}` }));
      }
      assertAnswered(await send({ 'X-API-Key': token }));
      assertAnswered(await send({ authorization: `Bearer ${token}`, 'x-api-key': token }));
    },
  ],
  [
    'takes no HTTP Basic by default, and does not offer it',
    async ({ issue, send }) => {
      const answer = await send(basic((await issue()).token));
      assertRefused(answer, 401, 'AUTH_TOKEN_MISSING');
      assertEqual(/\bBasic\b/.test(answer.headers['www-authenticate'] ?? ''), false);
    },
  ],
  [
    'takes and offers HTTP Basic where it is switched on',
    async ({ issue, send }) => {
      assertAnswered(await send(basic((await issue()).token)));
      assertRefused(await send({ authorization: 'Basic nonsense' }), 401, 'AUTH_TOKEN_MALFORMED');
      const answer = await send();
      assertRefused(answer, 401, 'AUTH_TOKEN_MISSING');
      assertEqual(/\bBearer realm=.*\bBasic realm=/.test(answer.headers['www-authenticate'] ?? ''), true);
    },
    { basic: true },
  ],
  [
    'answers 401 without a word of error to who sends no token',
    async ({ send }) => {
      assertRefused(await send(), 401, 'AUTH_TOKEN_MISSING');
      assertRefused(await send({}, whoami), 401, 'AUTH_TOKEN_MISSING');
      assertRefused(await send({ authorization: 'Digest username="a"' }), 401, 'AUTH_TOKEN_MISSING');
    },
  ],
  [
    'answers 401 with invalid_token to what is not a token, and to one that does not exist',
    async ({ send }) => {
      assertRefused(await send(bearer('nonsense')), 401, 'AUTH_TOKEN_MALFORMED');
      assertRefused(await send({ 'x-api-key': 'nonsense' }, whoami), 401, 'AUTH_TOKEN_MALFORMED');
      assertRefused(await send(bearer(await unknownToken())), 401, 'AUTH_TOKEN_UNKNOWN');
    },
  ],
  [
    'answers 401 to a token as soon as it was revoked or has expired, also when it was good before',
    async ({ auth, clock, issue, send }) => {
      const { id, token } = await issue();
      assertAnswered(await send(bearer(token)));
      await auth.revoke(id, auth.operator());
      assertRefused(await send(bearer(token)), 401, 'AUTH_TOKEN_REVOKED');
      const short = await issue({ expiresAt: new Date(clock().getTime() + 60_000).toISOString() });
      assertAnswered(await send(bearer(short.token)));
      clock.advance(60_000);
      assertRefused(await send(bearer(short.token)), 401, 'AUTH_TOKEN_EXPIRED');
    },
  ],
  [
    'answers 401 to a token as soon as its kind is switched off',
    async (bench) => {
      const { token } = await bench.issue();
      assertAnswered(await bench.send(bearer(token)));
      bench.settings = { ...DEFAULT_AUTH_SETTINGS, kinds: { ...DEFAULT_AUTH_SETTINGS.kinds, 'api-key': false } };
      assertRefused(await bench.send(bearer(token)), 401, 'AUTH_TOKEN_KIND_DISABLED');
    },
  ],
  [
    'takes no token from a header that comes twice',
    async ({ issue, send }) => {
      const { token } = await issue();
      const line = `Bearer ${token}`;
      assertRefused(await send({ authorization: [line, line] }), 401, 'AUTH_TOKEN_MALFORMED');
      assertRefused(await send({ authorization: `${line}, ${line}` }), 401, 'AUTH_TOKEN_MALFORMED');
      assertRefused(await send({ 'x-api-key': [token, token] }), 401, 'AUTH_TOKEN_MALFORMED');
    },
  ],
  [
    'takes neither of two tokens that differ',
    async ({ issue, send }) => {
      const [one, other] = [await issue(), await issue()];
      assertRefused(await send({ ...bearer(one.token), 'x-api-key': other.token }), 401, 'AUTH_TOKEN_MALFORMED');
    },
  ],
  ...CREDENTIAL_CASES,
  [
    'answers 403 with insufficient_scope to a token that may not do this',
    async ({ issue, send }) => {
      const { id, token } = await issue({ grant: { actions: ['usage:read'] } });
      assertRefused(await send(bearer(token)), 403, 'AUTH_PERMISSION_DENIED');
      const known = await send(bearer(token), whoami);
      assertEqual([known.status, known.body.includes(id)], [200, true]);
    },
  ],
  [
    'decides from the address of the connection, whatever X-Forwarded-For says',
    async ({ issue, send }) => {
      const elsewhere = await issue({ grant: { actions: ['models:read'], networks: ['10.0.0.0/8'] } });
      const spoofed = { ...bearer(elsewhere.token), 'x-forwarded-for': '10.0.0.1', forwarded: 'for=10.0.0.1' };
      assertRefused(await send(spoofed), 403, 'AUTH_PERMISSION_DENIED');
      const here = await issue({ grant: { actions: ['models:read'], networks: ['127.0.0.0/8', '::1'] } });
      assertAnswered(await send({ ...bearer(here.token), 'x-forwarded-for': '10.0.0.1' }));
    },
  ],
  [
    'decides from the address that a trusted proxy says, and not from what its client says',
    async ({ issue, send }) => {
      const { token } = await issue({ grant: { actions: ['models:read'], networks: ['10.0.0.0/8'] } });
      const sendFrom = (forwarded: string | string[]) => send({ ...bearer(token), 'x-forwarded-for': forwarded });
      assertAnswered(await sendFrom('10.0.0.1'));
      assertAnswered(await sendFrom(['198.51.100.4', '10.0.0.1']));
      assertRefused(await sendFrom('10.0.0.1, 198.51.100.4'), 403, 'AUTH_PERMISSION_DENIED');
      assertRefused(await sendFrom(['10.0.0.1', '198.51.100.4']), 403, 'AUTH_PERMISSION_DENIED');
    },
    { trustedProxies: ['127.0.0.0/8', '::1'] },
  ],
  [
    'lets a token act for a project that it may use, and for no other',
    async ({ issue, send }) => {
      const { projectHeader } = vocabulary.names;
      const { token } = await issue({ grant: { actions: ['models:read'], projects: ['alpha', 'beta'] } });
      const inProject = (project: string, request = {}) =>
        send({ ...bearer(token), [projectHeader]: project }, request);
      assertAnswered(await inProject('alpha'));
      assertEqual(JSON.parse((await inProject('beta', whoami)).body).project, 'beta');
      assertRefused(await inProject('gamma'), 403, 'AUTH_PERMISSION_DENIED');
      assertRefused(await send(bearer(token)), 403, 'AUTH_PERMISSION_DENIED');
      const bound = bearer((await issue({ project: 'alpha' })).token);
      assertRefused(await send({ ...bound, [projectHeader]: 'beta' }), 403, 'AUTH_PERMISSION_DENIED');
      const twice = await send({ ...bound, [projectHeader]: ['alpha', 'alpha'] });
      // If the lines are joined, they are the name of another project.
      assertEqual([[400, 403].includes(twice.status), twice.reached], [true, false]);
    },
  ],
  [
    'answers 503 with Retry-After and denies while a store fails',
    async (bench) => {
      const { token } = await bench.issue({ grant: { actions: ['models:read'], limits: { requestsPerMinute: 9 } } });
      for (const failing of ['token store', 'limit store'] as const) {
        bench.failing = failing;
        for (const request of [{}, whoami]) {
          const answer = await bench.send(bearer(token), request);
          assertRefused(answer, 503, 'AUTH_STORE_UNAVAILABLE');
          assertEqual(answer.headers['retry-after'], '1');
        }
      }
      bench.failing = undefined;
      assertAnswered(await bench.send(bearer(token)));
    },
  ],
  [
    'lets the host itself hear of a store that fails, and not of refusals',
    async (bench) => {
      const { token } = await bench.issue();
      assertRefused(await bench.send(), 401, 'AUTH_TOKEN_MISSING');
      assertEqual(bench.failures.length, 0);
      bench.failing = 'token store';
      assertRefused(await bench.send(bearer(token)), 503, 'AUTH_STORE_UNAVAILABLE');
      const [failure] = bench.failures as [{ readonly code?: string; readonly cause?: unknown } | undefined];
      assertEqual([failure?.code, failure?.cause instanceof Error], ['AUTH_STORE_UNAVAILABLE', true]);
    },
  ],
  [
    'lets no cache keep a refusal with the headers of the answer that is not given',
    async ({ issue, send }) => {
      const allowed = await send(bearer((await issue({ grant: { actions: ['models:write'] } })).token), cached);
      assertEqual([allowed.status, allowed.headers['cache-control']], [200, 'public, max-age=600']);
      const refused = await send(bearer((await issue()).token), cached);
      assertRefused(refused, 403, 'AUTH_PERMISSION_DENIED');
      assertEqual([refused.headers['cache-control'], refused.headers.etag], ['no-store', undefined]);
    },
  ],
  [
    'says what is left of the limits, and then answers 429 and until when',
    async ({ issue, send }) => {
      const { token } = await issue({ grant: { actions: ['models:read'], limits: { requestsPerMinute: 1 } } });
      const first = await send(bearer(token));
      assertAnswered(first);
      assertEqual(first.headers['ratelimit-policy'], '"requestsPerMinute";q=1;w=60');
      assertEqual(first.headers.ratelimit, '"requestsPerMinute";r=0;t=42');
      const second = await send(bearer(token));
      assertRefused(second, 429, 'AUTH_LIMIT_EXCEEDED');
      assertEqual(second.headers['retry-after'], '42');
      assertRefused(await send(bearer(token), whoami), 429, 'AUTH_LIMIT_EXCEEDED');
    },
  ],
  [
    'gives back the place of a request that was answered, refused or has failed',
    async (bench) => {
      const limits = { concurrentRequests: 1 };
      const able = await bench.issue({ grant: { actions: ['models:read'], limits } });
      const unable = await bench.issue({ grant: { actions: ['usage:read'], limits } });
      assertEqual((await sendUntilLetIn(bench, able.token)).status, 200);
      bench.failing = 'application';
      assertFailed(await sendUntilLetIn(bench, able.token), true);
      bench.failing = undefined;
      assertEqual((await sendUntilLetIn(bench, able.token)).status, 200);
      assertEqual((await sendUntilLetIn(bench, unable.token)).status, 403);
      assertEqual((await sendUntilLetIn(bench, unable.token)).status, 403);
    },
  ],
  [
    'denies when something fails that is not a refusal, and shows nothing of it',
    async (bench) => {
      const { token } = await bench.issue();
      for (const failing of ['verify', 'decide', 'admit'] satisfies Failure[]) {
        bench.failing = failing;
        assertFailed(await bench.send(bearer(token)));
      }
      bench.failing = 'verify';
      assertFailed(await bench.send());
      assertFailed(await bench.send(bearer(token), whoami));
      bench.failing = 'application';
      assertFailed(await bench.send(bearer(token)), true);
    },
  ],
  [
    'asks for a token whatever the method is',
    async ({ issue, send }) => {
      const narrow = await issue({ grant: { actions: ['usage:read'] } });
      for (const path of ['/models', '/whoami']) {
        const options = await send({}, { method: 'OPTIONS', path });
        assertRefused(options, 401, 'AUTH_TOKEN_MISSING');
        assertEqual((await send({}, { method: 'HEAD', path })).status, 401);
      }
      const head = await send(bearer(narrow.token), { method: 'HEAD' });
      assertEqual([head.status, head.reached], [403, false]);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const { status, reached } = await send({}, { method });
        assertEqual([status >= 400 && status < 500, reached], [true, false]);
      }
    },
  ],
  [
    'gives the application the body of a request that it lets in',
    async ({ issue, send }) => {
      const { token } = await issue({ grant: { actions: ['models:write'] } });
      const answer = await send(bearer(token), { method: 'POST', body: '{"name":"granite"}' });
      assertEqual([answer.status, JSON.parse(answer.body)], [200, { received: { name: 'granite' } }]);
    },
  ],
  [
    'refuses without waiting for the body',
    async ({ issue, send }) => {
      const endless = { method: 'POST', unfinished: true, body: '{"name":' };
      assertRefused(await send({}, endless), 401, 'AUTH_TOKEN_MISSING');
      assertRefused(await send(bearer((await issue()).token), endless), 403, 'AUTH_PERMISSION_DENIED');
    },
  ],
  [
    'ends the work of a request whose token is revoked while it runs',
    async ({ auth, issue, beginToWait }) => {
      const { id, token } = await issue({ grant: waitGrant });
      const { answer, ended } = await beginToWait(bearer(token));
      await auth.revoke(id, auth.operator());
      assertEqual(await Promise.race([ended, answer.then(({ body }) => body)]), 'AUTH_TOKEN_REVOKED');
      assertEqual(JSON.parse((await answer).body), { ended: 'AUTH_TOKEN_REVOKED' });
    },
  ],
  [
    'ends the work of a request whose client has left, and gives back its place',
    async (bench) => {
      const { token } = await bench.issue({ grant: waitGrant });
      const { ended, leave, answer } = await bench.beginToWait(bearer(token));
      assertRefused(await bench.send(bearer(token)), 429, 'AUTH_LIMIT_EXCEEDED');
      leave();
      await answer.catch(() => undefined);
      assertEqual(await ended, 'none');
      assertEqual((await sendUntilLetIn(bench, token)).status, 200);
    },
  ],
  [
    'opens no door to another spelling of its path',
    async ({ send }) => {
      const paths = [
        '/Models',
        '/models/',
        '//models',
        '/%6dodels',
        '/models?public',
        '/public/../models',
        '/models;/public',
      ];
      for (const path of paths) {
        const { status, reached } = await send({}, { path });
        assertEqual([status >= 400 && status < 500, reached], [true, false]);
      }
    },
  ],
];

/** The admission of the previous request is released when its connection is closed, shortly after its response. */
async function sendUntilLetIn({ send }: AdapterBench, token: string): Promise<BenchAnswer> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const answer = await send(bearer(token));
    if (answer.status !== 429) return answer;
  }
  throw new Error('the place of a request was never given back');
}
