import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { Action, Words } from '../authority/vocabulary.ts';
import type { AuthError } from '../errors.ts';
import { type FetchHandler, sendFetchResponse, toFetchRequest } from '../http/node-fetch.ts';
import { nodeHost, sendRefusal, setRefusalHeaders } from '../http/node-host.ts';
import { readNodePeer, readNodeRequest } from '../http/read-request.ts';
import { type Caller, createRequestGuard, type Described, type RequestGuardOptions } from '../http/request-guard.ts';
import { notify } from '../notify.ts';

export type { Caller, Described } from '../http/request-guard.ts';

/** Options of {@link protect}. */
export interface ProtectOptions<W extends Words = Words> extends RequestGuardOptions<W> {
  /** Called once for each refusal, before it is answered, for a log or a counter. It changes nothing. */
  readonly onError?: (error: AuthError, request: Request) => void;
}

/** Makes the middleware of routes, see {@link protect}. */
export interface Protect<W extends Words = Words> {
  /**
   * The middleware that lets a request pass only with a valid token whose grants allow the action. Without an action
   * any valid token is accepted. `describe` adds what else the request is about.
   */
  (action?: Action<W>, describe?: (request: Request) => Described<W>): RequestHandler;
  /** The caller of an admitted request. @throws {TypeError} on a route that is not protected */
  readonly callerOf: (request: Request) => Caller<W>;
  /**
   * Answers what the core refuses in a handler, and a store that fails; other errors are passed to the next error
   * handler.
   */
  readonly errors: ErrorRequestHandler;
}

/**
 * Protects routes of an Express app, version 4 or 5. The middleware authenticates the request, counts it against the
 * limits of its caller, requires the action, and answers refusals itself. Put it before the parser of bodies: then no
 * body is read of a request that is refused.
 *
 * A failure, such as of the store, goes to the error handlers of the app with the status 503: put `guard.errors` behind
 * those that report errors.
 *
 * Express's own `trust proxy` has no effect here: `trustedProxies` defines whose `X-Forwarded-For` is trusted.
 *
 * @throws {TypeError} at once, when an option is missing or invalid
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore, defineVocabulary, names } from '@latchkey/auth-core';
 * import { protect } from '@latchkey/auth-core/express';
 * import express from 'express';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'], resources: { invoices: names() } });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
 *
 * const app = express();
 * const guard = protect({ auth });
 * app.get('/invoices/:id', guard('invoices:read', ({ params }) => ({ invoices: String(params.id) })), (request, response) => {
 *   response.json({ hello: guard.callerOf(request).principal.name });
 * });
 * ```
 */
export function protect<W extends Words>({ onError, ...options }: ProtectOptions<W>): Protect<W> {
  const guard = createRequestGuard(options);
  const notified = new WeakSet<object>();

  function notifyOnce(error: AuthError, request: Request): void {
    if (!notified.has(error)) notify(onError, error, request);
    notified.add(error);
  }

  const handleError: ErrorRequestHandler = (error, request, response, next) => {
    const refusal = response.headersSent ? undefined : guard.refuse(error);
    if (refusal === undefined) return next(error);
    notifyOnce(error, request);
    sendRefusal(response, refusal);
  };

  /** Express itself answers with the status that is set, where no error handler answers. */
  const passFailure: ErrorRequestHandler = (error, request, response, next) => {
    const refusal = response.headersSent ? undefined : guard.refuse(error);
    if (refusal === undefined || refusal.status < 500) return handleError(error, request, response, next);
    notifyOnce(error, request);
    setRefusalHeaders(response, refusal);
    next(error);
  };

  const middlewareOf = (action?: Action<W>, describe?: (request: Request) => Described<W>): RequestHandler =>
    async function protectRoute(request, response, next) {
      try {
        await guard.pass({
          key: request,
          presented: () => readNodeRequest(request),
          host: () => nodeHost(response),
          action,
          describe: describe && (() => describe(request)),
        });
      } catch (error) {
        return passFailure(error, request, response, next);
      }
      next();
    };

  return Object.assign(middlewareOf, { callerOf: guard.callerOf, errors: handleError });
}

/**
 * Mounts a fetch handler in an Express app, such as that of `createTokenApi`: `app.use(api.path, mount(api))`. The body
 * reaches it also when a parser has read it before.
 */
export function mount(handle: FetchHandler): RequestHandler {
  return async function mounted(request, response, next) {
    try {
      const answer = await handle(toFetchRequest(request, response), readNodePeer(request.socket));
      await sendFetchResponse(response, answer);
    } catch (error) {
      next(error);
    }
  };
}
