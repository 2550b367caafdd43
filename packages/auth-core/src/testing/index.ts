/*
 * The public API of @latchkey/auth-core/testing. Whatever is added here becomes API.
 */

export type { FixedClock } from './fixed-clock.ts';
export { fixedClock } from './fixed-clock.ts';
export type { ContractCase, TokenStoreSetup } from './token-store-contract.ts';
export { tokenStoreContract } from './token-store-contract.ts';
