import { type Auth, createAuth } from '../auth.ts';
import { defineVocabulary } from '../authority/define-vocabulary.ts';
import type { Vocabulary } from '../authority/vocabulary.ts';
import { AuthError, type AuthErrorCode } from '../errors.ts';
import type { CredentialSource } from '../http/credential-sources.ts';
import type { GuestOptions } from '../http/guests.ts';
import { createMemoryLimitStore } from '../limits/memory-limit-store.ts';
import { createMeter, type Meter } from '../limits/meter.ts';
import { type AuthSettings, DEFAULT_AUTH_SETTINGS } from '../settings.ts';
import { createMemoryTokenStore } from '../token/memory-token-store.ts';
import { type AdapterAnswer, type AdapterRequest, openRequest, type PendingRequest } from './adapter-client.ts';
import { assertEqual } from './contract-case.ts';
import { type FixedClock, fixedClock } from './fixed-clock.ts';

/** The parts from which a server for `adapterContract` is built. */
export interface AdapterParts {
  readonly auth: Auth;
  readonly meter: Meter;
  /** Whether HTTP Basic is accepted. */
  readonly basic: boolean;
  readonly trustedProxies: readonly string[];
  /** The places that a token is read from, if not the default ones. */
  readonly credentials?: readonly CredentialSource[];
  /** Whether requests without a token are accepted. */
  readonly guests?: GuestOptions;
  /** Called where the host itself hears of errors: its error handler, its event, or `onError` where it has neither. */
  readonly failed: (error: unknown) => void;
  /** The response of `GET /models`; called for each request. It may reject, which is a failure like any other. */
  readonly listModels: () => Promise<readonly string[]>;
  /**
   * The response of `GET /wait`, which is given the signal of the request: it fires when the client leaves, and when
   * the token ends.
   */
  readonly wait: (signal: AbortSignal) => Promise<string>;
}

/** A server that listens, at an address such as `http://127.0.0.1:1234`. */
export interface AdapterServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a server with an adapter; called once for each case. */
export type StartAdapter = (parts: AdapterParts) => Promise<AdapterServer>;

/** An answer, and whether the application was reached for it. */
export interface BenchAnswer extends AdapterAnswer {
  readonly reached: boolean;
}

/** The part behind the server that fails. */
export type Failure = 'token store' | 'limit store' | 'application' | 'verify' | 'decide' | 'admit';

/** What a case asks of its server. */
export type BenchOptions = Partial<Pick<AdapterParts, 'basic' | 'credentials' | 'guests' | 'trustedProxies'>>;

/** A running server under an adapter, and the controls of a test. */
export interface AdapterBench {
  readonly auth: Auth;
  readonly clock: FixedClock;
  settings: AuthSettings;
  failing: Failure | undefined;
  /** What the host has heard of errors. */
  readonly failures: unknown[];
  /** Makes a token that may read models, unless the input says otherwise. */
  issue(input?: Partial<Parameters<Auth['issue']>[0]>): Promise<{ readonly id: string; readonly token: string }>;
  /** Sends a request to `/models`, unless it says otherwise. */
  send(headers?: AdapterRequest['headers'], request?: Partial<AdapterRequest>): Promise<BenchAnswer>;
  /** Sends a request to `/wait`, and returns once the application waits. */
  beginToWait(headers: AdapterRequest['headers']): Promise<WaitingRequest>;
}

/** A request that the application handles until its signal fires. */
export interface WaitingRequest extends PendingRequest {
  /** The code with which its signal has fired; `none` when it was not an error of the core. */
  readonly ended: Promise<string>;
}

/** Text that must never appear in a response: internal errors of the server contain it. */
const INSIDE = 'the inside of the server';
export const MODELS = ['ibm/granite'];

/** The vocabulary of the server under test. */
export const vocabulary: Vocabulary = defineVocabulary({ actions: ['models:read', 'models:write'] });

/** Runs a check with its own server. */
export async function withBench(
  start: StartAdapter,
  options: BenchOptions,
  check: (bench: AdapterBench) => Promise<void>,
): Promise<void> {
  const clock = fixedClock('2027-01-01T00:00:18Z');
  const [tokens, limits] = [createMemoryTokenStore(), createMemoryLimitStore()];
  const secrets = new Set<string>();
  let reached = false;
  let waiting = Promise.withResolvers<void>();
  let ended = Promise.withResolvers<string>();
  const bench: AdapterBench = {
    auth: createAuth({
      vocabulary,
      store: { ...tokens, find: (id) => failOr('token store', () => tokens.find(id)) },
      digestKey: crypto.getRandomValues(new Uint8Array(32)),
      clock,
      settings: () => bench.settings,
      cacheMilliseconds: 0,
    }),
    clock,
    settings: DEFAULT_AUTH_SETTINGS,
    failing: undefined,
    failures: [],
    async issue(input = {}) {
      const whole = { name: 'ci-bot', grant: { actions: ['models:read'] }, ...input };
      const { token, record } = await bench.auth.issue(whole, bench.auth.operator());
      secrets.add(token);
      return { id: record.id, token };
    },
    async send(headers = {}, request = {}) {
      reached = false;
      const { answer } = await openRequest(server.url, { path: '/models', headers, ...request });
      assertNothingTold(await answer, [...secrets, INSIDE]);
      return { ...(await answer), reached };
    },
    async beginToWait(headers = {}) {
      [waiting, ended] = [Promise.withResolvers(), Promise.withResolvers()];
      const { answer, leave } = await openRequest(server.url, { path: '/wait', headers });
      // An answer that comes before is one that the application was not asked for.
      await Promise.race([
        waiting.promise,
        answer.then(({ status }) => Promise.reject(new Error(`answered ${status}`))),
      ]);
      return {
        answer,
        leave,
        ended: Promise.race([ended.promise, failLate('the signal of the request did not fire')]),
      };
    },
  };
  const meter = createMeter({
    vocabulary,
    store: { ...limits, take: (claims, now) => failOr('limit store', () => limits.take(claims, now)) },
    clock,
    repeat: () => () => undefined,
  });

  function failOr<Value>(failure: Failure, act: () => Value): Value {
    if (bench.failing === failure) throw new Error(INSIDE);
    return act();
  }

  const server = await start({
    auth: {
      ...bench.auth,
      verify: async (text) => failOr('verify', () => bench.auth.verify(text)),
      decide: (principal, request, extra) => failOr('decide', () => bench.auth.decide(principal, request, extra)),
    },
    meter: { ...meter, admit: async (principal) => failOr('admit', () => meter.admit(principal)) },
    basic: false,
    trustedProxies: [],
    failed: (error) => void bench.failures.push(error),
    async listModels() {
      reached = true;
      return failOr('application', () => MODELS);
    },
    async wait(signal) {
      waiting.resolve();
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      const code = signal.reason instanceof AuthError ? signal.reason.code : 'none';
      ended.resolve(code);
      return code;
    },
    ...options,
  });
  try {
    await check(bench);
  } finally {
    await server.close();
    await meter.close();
    await bench.auth.close();
  }
}

/** Rejects after a while, so that a case fails instead of waiting forever. */
function failLate(message: string): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  AbortSignal.timeout(10_000).addEventListener('abort', () => reject(new Error(message)));
  promise.catch(() => undefined);
  return promise;
}

/** Expects that a request was admitted and answered. */
export function assertAnswered(answer: BenchAnswer): void {
  assertEqual([answer.status, answer.reached], [200, true]);
}

/** Expects a refusal as RFC 6750 and the code of the core have it, and that nothing ran behind it. */
export function assertRefused(answer: BenchAnswer, status: number, code: AuthErrorCode): void {
  assertEqual([answer.status, answer.reached], [status, false]);
  assertEqual(challengeOf(answer), challengeFor(status, code));
  if (!answer.headers['content-type']?.startsWith('application/json')) throw new Error('expected an error as JSON');
  const body: unknown = JSON.parse(answer.body);
  if (!JSON.stringify(body).includes(`"code":"${code}"`)) throw new Error(`expected the code ${code} in the body`);
}

function challengeOf({ headers }: BenchAnswer): string | undefined {
  const { 'www-authenticate': challenge } = headers;
  return challenge === undefined ? undefined : (/\berror="(\w+)"/.exec(challenge)?.[1] ?? 'without error');
}

function challengeFor(status: number, code: AuthErrorCode): string | undefined {
  if (status === 401) return code === 'AUTH_TOKEN_MISSING' ? 'without error' : 'invalid_token';
  return status === 403 ? 'insufficient_scope' : undefined;
}

function assertNothingTold({ headers, body }: AdapterAnswer, secrets: readonly string[]): void {
  const told = JSON.stringify(headers) + body;
  if (secrets.some((secret) => told.includes(secret))) throw new Error('the answer shows what must stay inside');
}
