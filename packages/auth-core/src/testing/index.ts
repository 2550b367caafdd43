/*
 * The public API of @latchkey/auth-core/testing. Every added export becomes API.
 */

export type { AdapterParts, AdapterServer, StartAdapter } from './adapter-bench.ts';
export { adapterContract } from './adapter-contract.ts';
export type { AuditStoreSetup } from './audit-store-contract.ts';
export { auditStoreContract } from './audit-store-contract.ts';
export type { ContractCase, ContractOptions } from './contract-case.ts';
export type { CrashSetup, CrashStores, CrashWriter } from './crash-contract.ts';
export { crashContract, writeUntilKilled } from './crash-contract.ts';
export type { FixedClock } from './fixed-clock.ts';
export { fixedClock } from './fixed-clock.ts';
export type { LimitStoreSetup } from './limit-store-contract.ts';
export { limitStoreContract } from './limit-store-contract.ts';
export type { ResourceKindSamples } from './resource-kind-contract.ts';
export { resourceKindContract } from './resource-kind-contract.ts';
export type { SigningKeyStoreSetup } from './signing-key-store-contract.ts';
export { signingKeyStoreContract } from './signing-key-store-contract.ts';
export type { TokenStoreSetup } from './token-store-contract.ts';
export { tokenStoreContract } from './token-store-contract.ts';
