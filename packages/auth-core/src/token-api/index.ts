/*
 * The public API of @latchkey/auth-core/token-api. All exports added here become API.
 */

export type { TokenApi, TokenApiOptions } from './create-token-api.ts';
export { createTokenApi } from './create-token-api.ts';
