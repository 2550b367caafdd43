/*
 * The public API of @latchkey/auth-core/erasure. Every added export becomes API.
 */

export type { PersonStore } from './person-store.ts';
export { createMemoryPersonStore } from './person-store.ts';
export type { ErasureInput, PersonalLog, PersonalLogOptions } from './personal-log.ts';
export { createPersonalLog } from './personal-log.ts';
