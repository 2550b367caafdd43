import type { Action } from '@latchkey/auth-core/llm';

import type { ApiDialect } from '../contracts/api-dialect.ts';
import type { RouteBody } from './bodies.ts';
import type { Handler } from './step.ts';

/**
 * One endpoint. A row without `access`, or one that may act without `idempotency`, does not compile: nothing is open, or done
 * twice, because a line was forgotten.
 */
export type Route = RouteRow & {
  /** Whose words its errors are put into. */
  readonly dialect: ApiDialect;
};

/** An endpoint before it is known who speaks to it. */
export type RouteRow = Endpoint & (Reading | Acting);

interface Reading {
  readonly method: 'GET';
  readonly idempotency?: never;
}

interface Acting {
  readonly method: 'POST' | 'PATCH' | 'DELETE';
  /**
   * What an `Idempotency-Key` means: `kept`: the request is carried out once, and its answer kept for those that send it
   * again; `secret`: so, and the answer, which shows a secret, for ten minutes only; `none`: nothing, because it changes
   * nothing, or may be repeated as it is.
   */
  readonly idempotency: 'kept' | 'secret' | 'none';
}

interface Endpoint {
  readonly path: string;
  /** The action that the caller's token must allow; `authenticated`: any valid token; `public`: no token is asked for. */
  readonly access: Action | 'authenticated' | 'public';
  /** Absent: no body is read. */
  readonly body?: RouteBody;
  /** It may run for longer than a second, so the caller's token is looked at again while it does. */
  readonly runsLong?: true;
  /** It needs a token even while authentication is off. */
  readonly neverOpen?: true;
  /**
   * It ends tokens and does nothing else, and does so also while the database does not answer, for callers that were
   * verified a moment ago. `itself`: only the token that the caller presents, which it takes at any time and from anywhere.
   */
  readonly ends?: 'itself' | 'others';
  /** Clients of another API come to the same path, and send this header. */
  readonly shared?: { readonly header: string; readonly dialect: ApiDialect };
  readonly handler: Handler;
}
