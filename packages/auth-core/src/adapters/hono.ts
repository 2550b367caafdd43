import type { Context, MiddlewareHandler } from 'hono';
import type { Action, Words } from '../authority/vocabulary.ts';
import type { AuthError } from '../errors.ts';
import { fetchHost, toResponse } from '../http/fetch-host.ts';
import { type NodeSocket, readFetchRequest, readNodePeer } from '../http/read-request.ts';
import type { Refusal } from '../http/render-refusal.ts';
import { type Caller, createRequestGuard, type Described, type RequestGuardOptions } from '../http/request-guard.ts';
import { notify } from '../notify.ts';

export type { Caller, Described } from '../http/request-guard.ts';

/** Options of {@link protect}. */
export interface ProtectOptions<W extends Words = Words> extends RequestGuardOptions<W> {
  /**
   * The address at the other end of the connection. By default it is what `@hono/node-server` has; elsewhere pass that
   * of the runtime: `(context) => getConnInfo(context).remote.address`. Without an address, a grant with `networks`
   * denies.
   */
  readonly peer?: (context: Context) => string | undefined;
  /** Called once for each refusal, before it is answered, for a log or a counter. It changes nothing. */
  readonly onError?: (error: AuthError, context: Context) => void;
}

/** Makes the middleware of routes, see {@link protect}. */
export interface Protect<W extends Words = Words> {
  /**
   * The middleware that lets a request pass only with a valid token whose grants allow the action. Without an action
   * any valid token is accepted. `describe` adds what else the request is about.
   */
  (action?: Action<W>, describe?: (context: Context) => Described<W>): MiddlewareHandler;
  /** The caller of an admitted request. @throws {TypeError} on a route that is not protected */
  readonly callerOf: (context: Context) => Caller<W>;
  /**
   * For the `onError` of an app, which is given the failures of a store: the answer to what the core refuses; undefined
   * for other errors.
   */
  readonly errors: (error: unknown, context: Context) => Response | undefined;
}

/**
 * Protects routes of a Hono app, on any runtime. The middleware authenticates the request, counts it against the limits
 * of its caller, requires the action, and answers refusals itself, also those of the handlers behind it. The body is
 * not read before. A failure, such as of the store, goes to the `onError` of the app, where `guard.errors` answers it.
 *
 * @throws {TypeError} at once, when an option is missing or invalid
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore, defineVocabulary, names } from '@latchkey/auth-core';
 * import { protect } from '@latchkey/auth-core/hono';
 * import { Hono } from 'hono';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'], resources: { invoices: names() } });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
 *
 * export const app = new Hono();
 * const guard = protect({ auth });
 * app.get('/invoices/:id', guard('invoices:read', ({ req }) => ({ invoices: req.param('id') ?? '' })), (context) => {
 *   return context.json({ hello: guard.callerOf(context).principal.name });
 * });
 * ```
 */
export function protect<W extends Words>({
  peer = readNodeServerPeer,
  onError,
  ...options
}: ProtectOptions<W>): Protect<W> {
  const guard = createRequestGuard(options);
  const notified = new WeakSet<object>();

  function refuse(error: unknown, context: Context): Refusal | undefined {
    const refusal = guard.refuse(error);
    if (refusal === undefined) return undefined;
    const known = error as AuthError;
    if (!notified.has(known)) notify(onError, known, context);
    notified.add(known);
    return refusal;
  }

  const middlewareOf = (action?: Action<W>, describe?: (context: Context) => Described<W>): MiddlewareHandler =>
    async function protectRoute(context, next) {
      const host = fetchHost(context.req.raw);
      let isFirst = false;
      try {
        await guard.pass({
          key: context,
          presented: () => readFetchRequest(context.req.raw, peer(context)),
          host() {
            isFirst = true;
            return host;
          },
          action,
          describe: describe && (() => describe(context)),
        });
        await next();
        // A request that this guard admitted before is already observed there.
        if (!isFirst) return undefined;
        // Hono itself has caught it, and has answered with an error of the server.
        const refused = context.error && refuse(context.error, context);
        if (refused !== undefined) replace(context, toResponse(refused));
        replace(context, host.finish(context.res));
        return undefined;
      } catch (error) {
        const refused = refuse(error, context);
        if (refused === undefined) {
          host.fail();
          throw error;
        }
        // Hono would add the headers that were set for the answer that is not given.
        for (const name of [...refused.without, ...Object.keys(refused.headers)]) {
          context.header(name, undefined);
          // Older versions delete it only from an answer that was given.
          context.res.headers.delete(name);
        }
        if (refused.status < 500) return host.finish(toResponse(refused));
        host.fail();
        // Hono's own error handler answers with this response.
        throw Object.assign(error as AuthError, { getResponse: () => toResponse(refused) });
      }
    };

  return Object.assign(middlewareOf, {
    callerOf: guard.callerOf,
    errors(error: unknown, context: Context) {
      const refused = refuse(error, context);
      return refused && toResponse(refused);
    },
  });
}

/** Hono would keep the headers of the former response, unless there is none. */
function replace(context: Context, response: Response): void {
  if (context.res === response) return;
  context.res = undefined;
  context.res = response;
}

function readNodeServerPeer({ env }: Context): string | undefined {
  return readNodePeer((env as { incoming?: { socket?: NodeSocket } } | undefined)?.incoming?.socket);
}
