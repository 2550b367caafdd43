/*
 * The public API of @latchkey/auth-core/testing. Whatever is added here becomes API.
 */

export type { ContractCase } from './contract-case.ts';
export type { FixedClock } from './fixed-clock.ts';
export { fixedClock } from './fixed-clock.ts';
export type { LimitStoreSetup } from './limit-store-contract.ts';
export { limitStoreContract } from './limit-store-contract.ts';
export type { TokenStoreSetup } from './token-store-contract.ts';
export { tokenStoreContract } from './token-store-contract.ts';
