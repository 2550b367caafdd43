/*
 * The public API of @latchkey/auth-core/upkeep. Every added export becomes API.
 */

export type { UnusedOptions } from './end-unused.ts';
export { endUnused } from './end-unused.ts';
export type { TokenLimitOptions } from './limit-tokens.ts';
export { limitTokens } from './limit-tokens.ts';
export type { EndedOptions } from './remove-ended.ts';
export { removeEnded } from './remove-ended.ts';
