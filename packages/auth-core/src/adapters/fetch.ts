import type { Action, Words } from '../authority/vocabulary.ts';
import type { AuthError } from '../errors.ts';
import { fetchHost, toResponse } from '../http/fetch-host.ts';
import { readFetchRequest } from '../http/read-request.ts';
import { type Caller, createRequestGuard, type Described, type RequestGuardOptions } from '../http/request-guard.ts';
import { notify } from '../notify.ts';

export type { Caller, Described } from '../http/request-guard.ts';

/** Options of {@link protect}. `Extra` is what the host gives to a handler beside the request. */
export interface ProtectOptions<W extends Words = Words, Extra extends readonly unknown[] = readonly unknown[]>
  extends RequestGuardOptions<W> {
  /**
   * The address at the other end of the connection, where the host has it:
   * `(request, info) => info.remoteAddr.hostname` in Deno. Without an address, a grant with `networks` denies.
   */
  readonly peer?: (request: Request, ...extra: Extra) => string | undefined;
  /** Called for each refusal before it is answered, for a log or a counter. It changes nothing. */
  readonly onError?: (error: AuthError, request: Request) => void;
}

/** A handler that knows its caller. */
export type CallerHandler<W extends Words, Extra extends readonly unknown[]> = (
  request: Request,
  caller: Caller<W>,
  ...extra: Extra
) => Response | Promise<Response>;

/** Makes the guards of handlers, see {@link protect}. */
export type Protect<W extends Words = Words, Extra extends readonly unknown[] = readonly unknown[]> = (
  action?: Action<W>,
  describe?: (request: Request, ...extra: Extra) => Described<W>,
) => (handle: CallerHandler<W, Extra>) => (request: Request, ...extra: Extra) => Promise<Response>;

/**
 * Protects fetch handlers: those of workers, Bun and Deno, and route handlers of frameworks such as Next.js. A request
 * reaches the handler only with a valid token whose grants allow the action; without an action any valid token is
 * accepted. `describe` adds what else the request is about. Refusals are answered, also those that the handler throws,
 * and all other errors are rethrown. The body is not read before.
 *
 * @throws {TypeError} at once, when an option is missing or invalid
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore, defineVocabulary } from '@latchkey/auth-core';
 * import { protect } from '@latchkey/auth-core/fetch';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'] });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey });
 *
 * const guard = protect({ auth });
 * export const GET = guard('invoices:read')((request, caller) => {
 *   return Response.json({ hello: caller.principal.name, path: new URL(request.url).pathname });
 * });
 * ```
 */
export function protect<W extends Words, Extra extends readonly unknown[] = readonly unknown[]>({
  peer,
  onError,
  ...options
}: ProtectOptions<W, Extra>): Protect<W, Extra> {
  const guard = createRequestGuard(options);

  return (action, describe) => (handle) =>
    async function protectedHandler(request, ...extra) {
      const host = fetchHost(request);
      // A request that is handled again later is verified and counted again.
      const outer = running.get(request);
      if (outer === undefined) running.set(request, host);
      try {
        const caller = await guard.pass({
          key: outer ?? host,
          presented: () => readFetchRequest(request, peer?.(request, ...extra)),
          host: () => host,
          action,
          describe: describe && (() => describe(request, ...extra)),
        });
        return host.finish(await handle(request, caller, ...extra));
      } catch (error) {
        const refusal = guard.refuse(error);
        if (refusal !== undefined) {
          notify(onError, error as AuthError, request);
          return host.finish(toResponse(refusal));
        }
        host.fail();
        throw error;
      } finally {
        if (outer === undefined) running.delete(request);
      }
    };
}

/** The requests that a handler runs for: what it calls for the same request may be protected as well. */
const running = new WeakMap<Request, object>();
