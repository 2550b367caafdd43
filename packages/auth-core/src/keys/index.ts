/*
 * The public API of @latchkey/auth-core/keys. Every added export becomes API.
 */

export type { DropKeysOptions } from './drop-former-keys.ts';
export { dropFormerKeys } from './drop-former-keys.ts';
