/*
 * The public API of @latchkey/auth-core/http. All exports added here become API.
 */

export { toErrorDescription } from '../error-description.ts';
export type { Challenge, ChallengeOptions } from './challenge.ts';
export { challenge } from './challenge.ts';
export type { ClientAddress } from './client-address.ts';
export { createClientAddress, isAddressRange } from './client-address.ts';
export { rateLimitHeaders } from './rate-limit-headers.ts';
export type { ReadCredentialOptions } from './read-credential.ts';
export { readCredential } from './read-credential.ts';
export type { ReadHeader } from './read-header.ts';
export type {
  PresentedRequest,
  RequestAuth,
  RequestAuthenticator,
  RequestAuthenticatorOptions,
} from './request-authenticator.ts';
export { createRequestAuthenticator } from './request-authenticator.ts';
