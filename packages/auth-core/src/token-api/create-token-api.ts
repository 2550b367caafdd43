import type { Auth } from '../auth.ts';
import type { Vocabulary, Words } from '../authority/vocabulary.ts';
import type { AuthError } from '../errors.ts';
import { InvalidInputError } from '../errors.ts';
import { fetchHost, toResponse } from '../http/fetch-host.ts';
import { readFetchRequest } from '../http/read-request.ts';
import { createRequestGuard, type RequestGuardOptions } from '../http/request-guard.ts';
import { notify } from '../notify.ts';
import { requirePart } from '../require-part.ts';
import { describeTokenApi } from './describe-token-api.ts';
import { OPERATIONS, type Operation } from './operations.ts';
import { readBody, readQuery } from './read-fields.ts';

/** Options of {@link createTokenApi}: those of every guard, without `auth`. */
export interface TokenApiOptions<W extends Words = Words>
  extends Omit<RequestGuardOptions<W>, 'auth' | 'anywhere' | 'recall'> {
  /** Where it is mounted; `/tokens` by default. */
  readonly path?: string;
  /** Called for each refusal before it is answered, for a log or a counter. It changes nothing. */
  readonly onError?: (error: AuthError, request: Request) => void;
}

/** The administration of tokens: a fetch handler. */
export interface TokenApi {
  /** `peer` is the address at the other end of the connection, where the host has it. */
  (request: Request, peer?: string): Promise<Response>;
  readonly path: string;
  /** Its OpenAPI document (3.1), which is also at `PATH/openapi.json` for callers with a token. */
  readonly openapi: Readonly<Record<string, unknown>>;
}

/**
 * Creates the administration of tokens as one fetch handler: list, create, show, edit, rotate, revoke, delete. It
 * authenticates its callers itself; a caller makes, sees and changes only tokens that its own authority covers. Answers
 * and errors are JSON, and no cache keeps them.
 *
 * @throws {TypeError} when an option is missing or invalid
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 * import { createTokenApi } from '@latchkey/auth-core/token-api';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey });
 * const api = createTokenApi(auth);
 *
 * const { token } = await auth.issue({ name: 'admin', grant: { actions: ['*'] } }, auth.operator());
 * const answer = await api(new Request('http://localhost/tokens', { headers: { authorization: `Bearer ${token}` } }));
 * console.log(answer.status); // 200
 * ```
 */
export function createTokenApi<W extends Words>(auth: Auth<W>, options: TokenApiOptions<W> = {}): TokenApi {
  requirePart('createTokenApi', 'auth', auth, ['issue', 'list', 'show', 'edit', 'rotate', 'revoke', 'remove']);
  const { path = '/tokens', onError, ...guarded } = options;
  if (!/^(?:\/[\w.~-]+)+$/.test(path))
    throw new TypeError("createTokenApi: the option 'path' must be a path such as /tokens");
  const openapi = describeTokenApi(auth.vocabulary as unknown as Vocabulary, path);
  const guards = {
    none: createRequestGuard({ ...guarded, auth }),
    others: createRequestGuard({ ...guarded, auth, recall: true }),
    itself: createRequestGuard({ ...guarded, auth, recall: true, anywhere: true }),
  };

  async function answer(request: Request, peer: string | undefined): Promise<Response> {
    const url = new URL(request.url);
    const found = findOperation(request.method, url.pathname, path);
    const guard = guards[found.operation?.ends ?? 'none'];
    const host = fetchHost(request);
    try {
      const presented = () => readFetchRequest(request, peer);
      const { principal: by } = await guard.pass({
        key: host,
        presented,
        host: () => host,
        action: found.operation?.action,
      });
      if (found.isDocument) return host.finish(json(openapi));
      const { operation, id } = found;
      if (operation === undefined) return host.finish(json(NOT_FOUND, 404));
      const input =
        operation.method === 'GET' ? readQuery(url, operation.fields) : await readBody(request, operation.fields);
      const missing = operation.required?.find((name) => !Object.hasOwn(input, name));
      if (missing !== undefined) throw new InvalidInputError(missing, 'is required');
      const { status, body } = await operation.run({ auth: auth as unknown as Auth, by, id, input });
      return host.finish(json(body, status));
    } catch (error) {
      const refusal = guard.refuse(error);
      if (refusal !== undefined) {
        notify(onError, error as AuthError, request);
        return host.finish(toResponse(refusal));
      }
      host.fail();
      throw error;
    }
  }

  return Object.assign((request: Request, peer?: string) => answer(request, peer), { path, openapi });
}

interface Found {
  readonly operation?: Operation;
  readonly id: string;
  readonly isDocument?: boolean;
}

function findOperation(method: string, pathname: string, path: string): Found {
  if (pathname !== path && !pathname.startsWith(`${path}/`)) return { id: '' };
  const rest = pathname.slice(path.length).replace(/^\/$/, '');
  if (method === 'GET' && rest === '/openapi.json') return { id: '', isDocument: true };
  for (const operation of OPERATIONS) {
    if (operation.method !== method) continue;
    const id = matchPath(operation.path, rest);
    if (id !== undefined) return { operation, id };
  }
  return { id: '' };
}

/** The id in a path that a pattern matches; empty where the pattern has none, undefined where it does not match. */
function matchPath(pattern: Operation['path'], rest: string): string | undefined {
  if (!pattern.startsWith('/{id}')) return pattern === rest ? '' : undefined;
  const [empty, id, ...more] = rest.split('/');
  if (empty !== '' || id === undefined || id === '' || [`/{id}`, ...more].join('/') !== pattern) return undefined;
  try {
    return decodeURIComponent(id);
  } catch {
    return undefined;
  }
}

const NOT_FOUND = { error: { code: 'NOT_FOUND', message: 'There is no such endpoint.' } };

function json(body: object, status = 200): Response {
  return Response.json(body, { status, headers: { 'Cache-Control': 'no-store' } });
}
