import type { Admission } from '@latchkey/auth-core';
import type { RequestAuth } from '@latchkey/auth-core/http';

/** What `bearerAuth` adds to Koa's `ctx.state`. */
export interface AuthState {
  /** Who asks. */
  auth: RequestAuth;
}

/** What `limitRequests` adds to it. */
export interface AdmissionState extends AuthState {
  admission: Admission;
}
