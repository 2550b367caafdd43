/*
 * The public API of @latchkey/auth-core/token-api. Every added export becomes API.
 */

export type { TokenApi, TokenApiOptions } from './create-token-api.ts';
export { createTokenApi } from './create-token-api.ts';
