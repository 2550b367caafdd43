import type { Action } from '@latchkey/auth-core/llm';

import type { ApiDialect } from '../contracts/api-dialect.ts';
import type { RouteBody } from './bodies.ts';
import type { Handler } from './step.ts';

/**
 * One endpoint. A row without `access`, or a row that may act without `idempotency`, does not compile: a forgotten line
 * cannot make an endpoint public or a request run twice.
 */
export type Route = RouteRow & {
  /** The dialect of its errors. */
  readonly dialect: ApiDialect;
};

/** A route without its dialect. */
export type RouteRow = Endpoint & (Reading | Acting);

interface Reading {
  readonly method: 'GET';
  readonly idempotency?: never;
}

interface Acting {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /**
   * The effect of an `Idempotency-Key`. `kept`: the request is carried out once, and its answer is stored and returned
   * for repeats; `secret`: the same, but the answer, which contains a secret, is stored for ten minutes only; `none`:
   * no effect, because the request changes nothing or can safely be repeated.
   */
  readonly idempotency: 'kept' | 'secret' | 'none';
}

interface Endpoint {
  readonly path: string;
  /**
   * The action that the caller's token must allow; `authenticated`: any valid token; `public`: no token is required.
   */
  readonly access: Action | 'authenticated' | 'public';
  /** Absent when no body is read. */
  readonly body?: RouteBody;
  /** It may run for longer than a second, so the caller's token is verified repeatedly while it runs. */
  readonly runsLong?: true;
  /** It requires a token even while authentication is off. */
  readonly neverOpen?: true;
  /**
   * It does nothing but revoke tokens, and works while the database does not answer, for callers that were verified a
   * moment ago. `itself`: it revokes only the token that the caller presents, at any time and from any address.
   */
  readonly ends?: 'itself' | 'others';
  /** Clients of another API use the same path, and are recognised by this header. */
  readonly shared?: { readonly header: string; readonly dialect: ApiDialect };
  readonly handler: Handler;
}
