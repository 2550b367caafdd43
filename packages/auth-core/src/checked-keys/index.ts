/*
 * The public API of @latchkey/auth-core/checked-keys. Every added export becomes API.
 */

export { createCheckedKeyFormat, isCheckedKey } from './checked-key-format.ts';
