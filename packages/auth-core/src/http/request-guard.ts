import type { Auth } from '../auth.ts';
import type { AccessRequest } from '../authority/decision.ts';
import type { Action, BudgetUnit, Words } from '../authority/vocabulary.ts';
import { isAuthError } from '../errors.ts';
import type { Admission, Meter } from '../limits/meter.ts';
import { type Repeat, systemRepeat } from '../repeat.ts';
import { requirePart } from '../require-part.ts';
import { admitOnce } from './admit-once.ts';
import { includesBasic } from './credential-sources.ts';
import type { PresentedRequest } from './presented-request.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { type Refusal, type RefusalOptions, renderRefusal } from './render-refusal.ts';
import {
  createRequestAuthenticator,
  type RequestAuth,
  type RequestAuthenticatorOptions,
} from './request-authenticator.ts';
import { requireAccess, requireDecision } from './require-access.ts';
import { watchCaller } from './watch-caller.ts';

/** What {@link createRequestGuard} works with. Every adapter takes these options. */
export interface RequestGuardOptions<W extends Words = Words> extends RequestAuthenticatorOptions<W>, RefusalOptions {
  readonly auth: RequestAuthenticatorOptions<W>['auth'] & Pick<Auth<W>, 'onRevoked'>;
  /** Counts requests against the limits of their callers' grants. Absent: limits are not enforced. */
  readonly meter?: Pick<Meter<BudgetUnit<W>>, 'admit'>;
  /** The timer on which the tokens of running requests are verified again. */
  readonly repeat?: Repeat;
}

/** The resources that a request is about, besides its action: `{ invoices: '2026-17' }`. */
export type Described<W extends Words = Words> = Partial<Omit<AccessRequest<W>, 'action'>>;

/** The caller of an admitted request. */
export interface Caller<W extends Words = Words> extends RequestAuth<W> {
  /** With it a handler reserves budgets; its place is released when the response has ended. */
  readonly admission: Admission<BudgetUnit<W>>;
  /**
   * Fires when the client disconnects, and when the token is revoked or expires while the request runs; the reason is
   * then an `AuthError`. Pass it to work that takes long. The token is watched from the first time that it is read.
   */
  readonly signal: AbortSignal;
  /**
   * Lets the handler continue only if the caller may do this.
   *
   * @throws {AuthError} `AUTH_PERMISSION_DENIED`, with the decision; `AUTH_TOKEN_MISSING` for a guest
   */
  require(request: AccessRequest<W>): void;
}

/** What a guard asks of the host that serves a request. */
export interface RequestHost {
  /** Adds header fields to the answer. */
  setHeaders(headers: Readonly<Record<string, string>>): void;
  /** Calls back once the response has ended, for any reason, or at once when it has ended already. */
  onEnd(ended: () => void): void;
  /** Fires when the client disconnects before it has its answer. Called at most once. */
  clientSignal(): AbortSignal;
}

/** One request at a guard. */
export interface GuardedRequest<W extends Words = Words> {
  /** Identifies the request: what the host gives to its handlers. A request that passes again is not counted again. */
  readonly key: object;
  readonly presented: () => PresentedRequest;
  readonly host: () => RequestHost;
  /** Absent: any valid token is accepted. */
  readonly action?: Action<W> | undefined;
  readonly describe?: (() => Described<W>) | undefined;
}

/** Lets requests in, or refuses them; the same in every framework. */
export interface RequestGuard<W extends Words = Words> {
  /**
   * Authenticates a request, counts it against the limits of its caller, and requires the action.
   *
   * @throws {AuthError} whatever refuses it: see {@link RequestGuard.refuse}
   */
  pass(request: GuardedRequest<W>): Promise<Caller<W>>;
  /** The caller of an admitted request. @throws {TypeError} when it did not pass this guard */
  callerOf(key: object): Caller<W>;
  /** The answer to what was thrown; undefined for errors that are not of the core: those are the host's. */
  refuse(error: unknown): Refusal | undefined;
}

/**
 * Creates the guard that every adapter uses: authentication, limits, the required action, and the rendering of
 * refusals, in this order. The body of a request is never read. An adapter adds how its host reads requests and sends
 * answers.
 *
 * @throws {TypeError} when an option is missing or invalid
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createRequestGuard, nodeHost, readNodeRequest, sendRefusal } from '@latchkey/auth-core/http';
 * import { createServer } from 'node:http';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
 * const guard = createRequestGuard({ auth });
 * export const server = createServer(async (request, response) => {
 *   try {
 *     const presented = () => readNodeRequest(request);
 *     const caller = await guard.pass({ key: request, presented, host: () => nodeHost(response), action: 'usage:read' });
 *     response.end(`Hello, ${caller.principal.name}`);
 *   } catch (error) {
 *     const refusal = guard.refuse(error);
 *     if (refusal !== undefined) sendRefusal(response, refusal);
 *     else response.writeHead(500).end();
 *   }
 * });
 * ```
 */
export function createRequestGuard<W extends Words>(options: RequestGuardOptions<W>): RequestGuard<W> {
  requirePart('createRequestGuard', 'auth', options?.auth, ['onRevoked']);
  const { auth, meter, repeat = systemRepeat } = options;
  if (meter !== undefined) requirePart('createRequestGuard', 'meter', meter, ['admit']);
  if (options.guests?.limits !== undefined && meter === undefined)
    throw new TypeError("createRequestGuard: the option 'meter' is missing, which counts the limits of guests");
  const authenticate = createRequestAuthenticator(options);
  const { realm } = auth.vocabulary.names;
  const refusing = { realm, ...options, basic: options.basic === true || includesBasic(options.credentials) };
  const callers = new WeakMap<object, Caller<W>>();

  async function enter(key: object, presented: PresentedRequest, host: RequestHost): Promise<Caller<W>> {
    const known = await authenticate(presented);
    const { admission, isFirst } =
      meter === undefined ? { admission: UNLIMITED, isFirst: false } : await admitOnce(meter, key, known.principal);
    if (isFirst && admission.holdsPlace) host.onEnd(() => void admission.release());
    if (admission.states.length > 0) host.setHeaders(rateLimitHeaders(admission.states));
    const watch = (): AbortSignal => {
      const { signal, stop } = watchCaller(auth, known, repeat);
      host.onEnd(stop);
      return AbortSignal.any([host.clientSignal(), signal]);
    };
    return toCaller(known, admission, watch);
  }

  return {
    async pass({ key, presented, host, action, describe }) {
      let caller = callers.get(key);
      if (caller === undefined) {
        caller = await enter(key, presented(), host());
        callers.set(key, caller);
      }
      if (action !== undefined) requireAccess(caller, action, describe?.());
      return caller;
    },
    callerOf(key) {
      const caller = callers.get(key);
      if (caller === undefined) throw new TypeError('the request has no caller: no guard of this route has let it in');
      return caller;
    },
    refuse: (error) => (isAuthError(error) ? renderRefusal(error, refusing) : undefined),
  };
}

function toCaller<W extends Words>(
  known: RequestAuth<W>,
  admission: Admission<BudgetUnit<W>>,
  watch: () => AbortSignal,
): Caller<W> {
  let signal: AbortSignal | undefined;
  return {
    get principal() {
      return known.principal;
    },
    get signal() {
      signal ??= watch();
      return signal;
    },
    ...(known.address !== undefined && { address: known.address }),
    decide: known.decide,
    reverify: known.reverify,
    admission,
    require: (request) => requireDecision(known, request),
  };
}

/** The admission where no meter counts: every reservation is granted. */
const UNLIMITED: Admission = Object.freeze({
  states: Object.freeze([]),
  holdsPlace: false,
  reserve: async (_unit: string, wanted: number) => ({ granted: wanted, settle: async () => undefined }),
  release: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
});
