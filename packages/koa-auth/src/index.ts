/*
 * The public API of @latchkey/koa-auth. Every added export becomes API: it stays, and it is documented.
 */

export type {
  Caller,
  Challenge,
  ChallengeOptions,
  Described,
  ReadCredentialOptions,
  RequestAuth,
} from '@latchkey/auth-core/http';
// Refusals and the headers of limits are the same in every framework.
export { challenge, rateLimitHeaders } from '@latchkey/auth-core/http';
export type { BearerAuthOptions } from './bearer-auth.ts';
export { bearerAuth } from './bearer-auth.ts';
export type { LimitRequestsOptions } from './limit-requests.ts';
export { limitRequests } from './limit-requests.ts';
export { mount } from './mount.ts';
export type { Protect, ProtectOptions } from './protect.ts';
export { protect } from './protect.ts';
export type { RequestHeaders } from './read-credential.ts';
export { readCredential } from './read-credential.ts';
export type { RenderAuthErrorsOptions } from './render-auth-errors.ts';
export { renderAuthErrors } from './render-auth-errors.ts';
export { requireAction } from './require-action.ts';
export type { AdmissionState, AuthState, ProtectedState } from './state.ts';
