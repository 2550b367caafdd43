import type { Admission, Words } from '@latchkey/auth-core';
import type { Caller, RequestAuth } from '@latchkey/auth-core/http';

/** What `bearerAuth` adds to Koa's `ctx.state`. */
export interface AuthState<W extends Words = Words> {
  /** The authenticated caller of the request. */
  auth: RequestAuth<W>;
}

/** What `limitRequests` adds to it. */
export interface AdmissionState<W extends Words = Words> extends AuthState<W> {
  admission: Admission;
}

/** What `protect` adds to it: the caller, with its admission and a signal that fires when its token ends. */
export interface ProtectedState<W extends Words = Words> {
  auth: Caller<W>;
}
