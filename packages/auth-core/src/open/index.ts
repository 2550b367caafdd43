/*
 * The public API of @latchkey/auth-core/open. Every added export becomes API.
 */

export type { OpenAuthOptions, OpenedAuth, OpenedSchema, OpenedWords } from './open-auth.ts';
export { openAuth } from './open-auth.ts';
export type { OpenAuthErrorCode } from './open-auth-error.ts';
export { OpenAuthError } from './open-auth-error.ts';
