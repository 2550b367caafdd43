import type { AccessRequest, Admission, AuthorityEntry, Decision, Principal } from '@latchkey/auth-core';

/** Who asks, as `bearerAuth` found it. */
export interface RequestAuth {
  readonly principal: Principal;
  /** The address at the other end of the connection. No header can change it. */
  readonly address?: string;
  /** Decides a request of this caller from this address; entries of the request itself can only narrow. */
  readonly decide: (request: AccessRequest, entries?: readonly AuthorityEntry[]) => Decision;
}

/** What `bearerAuth` adds to Koa's `ctx.state`. */
export interface AuthState {
  auth: RequestAuth;
}

/** What `limitRequests` adds to it. */
export interface AdmissionState extends AuthState {
  admission: Admission;
}
