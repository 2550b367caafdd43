import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Action, Words } from '../authority/vocabulary.ts';
import type { AuthError } from '../errors.ts';
import { type FetchHandler, sendFetchResponse, toFetchRequest } from '../http/node-fetch.ts';
import { nodeHost } from '../http/node-host.ts';
import { readNodePeer, readNodeRequest } from '../http/read-request.ts';
import type { Refusal } from '../http/render-refusal.ts';
import { type Caller, createRequestGuard, type Described, type RequestGuardOptions } from '../http/request-guard.ts';
import { notify } from '../notify.ts';

export type { Caller, Described } from '../http/request-guard.ts';

/** A request with the parameters of its route as texts. */
export type RouteRequest = FastifyRequest<{ Params: Record<string, string> }>;

/** Options of {@link protect}. */
export interface ProtectOptions<W extends Words = Words> extends RequestGuardOptions<W> {
  /** Called once for each refusal, before it is answered, for a log or a counter. It changes nothing. */
  readonly onError?: (error: AuthError, request: FastifyRequest) => void;
}

/** Makes the hooks of routes, see {@link protect}. */
export interface Protect<W extends Words = Words> {
  /**
   * The `onRequest` hook that lets a request pass only with a valid token whose grants allow the action. Without an
   * action any valid token is accepted. `describe` adds what else the request is about.
   */
  (
    action?: Action<W>,
    describe?: (request: RouteRequest) => Described<W>,
  ): (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
  /** The caller of an admitted request. @throws {TypeError} on a route that is not protected */
  readonly callerOf: (request: FastifyRequest) => Caller<W>;
  /**
   * For `setErrorHandler`: answers what the core refuses in a handler, and a store that fails; other errors are
   * rethrown.
   */
  readonly errors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => unknown;
}

/**
 * Protects routes of a Fastify app. The hook authenticates the request, counts it against the limits of its caller,
 * requires the action, and answers refusals itself. It runs before the body is read. A failure, such as of the store,
 * goes to Fastify's own error handling with the status 503: hooks `onError`, the error handler, the log.
 *
 * Fastify's own `trustProxy` has no effect here: `trustedProxies` defines whose `X-Forwarded-For` is trusted.
 *
 * @throws {TypeError} at once, when an option is missing or invalid
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore, defineVocabulary, names } from '@latchkey/auth-core';
 * import { protect } from '@latchkey/auth-core/fastify';
 * import { fastify } from 'fastify';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'], resources: { invoices: names() } });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
 *
 * const app = fastify();
 * const guard = protect({ auth });
 * const onRequest = guard('invoices:read', ({ params }) => ({ invoices: params.id ?? '' }));
 * app.get('/invoices/:id', { onRequest }, async (request) => ({ hello: guard.callerOf(request).principal.name }));
 * ```
 */
export function protect<W extends Words>({ onError, ...options }: ProtectOptions<W>): Protect<W> {
  const guard = createRequestGuard(options);
  const notified = new WeakSet<object>();

  /** Sets the status and the headers of a refusal; rethrows an error that is not one. */
  function prepare(error: unknown, request: FastifyRequest, reply: FastifyReply): Refusal {
    const refusal = reply.sent ? undefined : guard.refuse(error);
    if (refusal === undefined) throw error;
    const known = error as AuthError;
    if (!notified.has(known)) notify(onError, known, request);
    notified.add(known);
    for (const name of refusal.without) reply.removeHeader(name);
    reply.code(refusal.status).headers(refusal.headers);
    return refusal;
  }

  function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.send(prepare(error, request, reply).body);
  }

  const hookOf = (action?: Action<W>, describe?: (request: RouteRequest) => Described<W>) =>
    async function protectRoute(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
      try {
        await guard.pass({
          key: request,
          presented: () => readNodeRequest(request.raw),
          host: () => nodeHost(reply.raw),
          action,
          describe: describe && (() => describe(request as RouteRequest)),
        });
        return undefined;
      } catch (error) {
        const refusal = prepare(error, request, reply);
        if (refusal.status >= 500) throw error;
        return reply.send(refusal.body);
      }
    };

  return Object.assign(hookOf, { callerOf: guard.callerOf, errors: handleError });
}

/**
 * Mounts a fetch handler in a Fastify app, such as that of `createTokenApi`: `app.register(mount(api, api.path))`. It
 * reads its bodies itself.
 */
export function mount(handle: FetchHandler, path: string): (app: FastifyInstance) => Promise<void> {
  async function serve(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const answer = await handle(toFetchRequest(request.raw, reply.raw), readNodePeer(request.socket));
    reply.hijack();
    await sendFetchResponse(reply.raw, answer);
  }
  return async function mounted(app) {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));
    app.all(path, serve);
    app.all(`${path}/*`, serve);
  };
}
