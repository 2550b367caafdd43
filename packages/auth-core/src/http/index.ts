/*
 * The public API of @latchkey/auth-core/http. Every added export becomes API.
 */

export { toErrorDescription } from '../error-description.ts';
export { notify } from '../notify.ts';
export type { OnceAdmitted } from './admit-once.ts';
export { admitOnce } from './admit-once.ts';
export type { Challenge, ChallengeOptions } from './challenge.ts';
export { challenge } from './challenge.ts';
export type { ClientAddress } from './client-address.ts';
export { createClientAddress, isAddressRange } from './client-address.ts';
export type { CredentialSource } from './credential-sources.ts';
export { createCredentialReader } from './credential-sources.ts';
export type { FetchHost } from './fetch-host.ts';
export { fetchHost, toResponse } from './fetch-host.ts';
export type { GuestOptions } from './guests.ts';
export { isGuest } from './guests.ts';
export type { FetchHandler, ServedRequest } from './node-fetch.ts';
export { sendFetchResponse, toFetchRequest } from './node-fetch.ts';
export type { NodeResponse } from './node-host.ts';
export { nodeHost, sendRefusal } from './node-host.ts';
export type { PresentedRequest } from './presented-request.ts';
export { rateLimitHeaders } from './rate-limit-headers.ts';
export type { ReadCredentialOptions } from './read-credential.ts';
export { readCredential } from './read-credential.ts';
export type { ReadHeader } from './read-header.ts';
export type { FetchRequest, NodeRequest, NodeSocket } from './read-request.ts';
export { readFetchRequest, readNodeHeaders, readNodePeer, readNodeRequest } from './read-request.ts';
export type { Refusal, RefusalOptions } from './render-refusal.ts';
export { renderRefusal } from './render-refusal.ts';
export type {
  RequestAuth,
  RequestAuthenticator,
  RequestAuthenticatorOptions,
} from './request-authenticator.ts';
export { createRequestAuthenticator } from './request-authenticator.ts';
export type {
  Caller,
  Described,
  GuardedRequest,
  RequestGuard,
  RequestGuardOptions,
  RequestHost,
} from './request-guard.ts';
export { createRequestGuard } from './request-guard.ts';
export { requireAccess } from './require-access.ts';
export type { CallerWatch } from './watch-caller.ts';
export { watchCaller } from './watch-caller.ts';
