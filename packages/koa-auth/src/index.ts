/*
 * The public API of @latchkey/koa-auth. Whatever is added here becomes API: it stays, and it is documented.
 */

export type { BearerAuthOptions } from './bearer-auth.ts';
export { bearerAuth } from './bearer-auth.ts';
export type { Challenge } from './challenge.ts';
export { challenge } from './challenge.ts';
export type { LimitRequestsOptions } from './limit-requests.ts';
export { limitRequests } from './limit-requests.ts';
export { rateLimitHeaders } from './rate-limit-headers.ts';
export { readCredential } from './read-credential.ts';
export type { RenderAuthErrorsOptions } from './render-auth-errors.ts';
export { renderAuthErrors } from './render-auth-errors.ts';
export { requireAction } from './require-action.ts';
export type { AdmissionState, AuthState, RequestAuth } from './state.ts';
