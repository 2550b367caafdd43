/*
 * The public API of @latchkey/auth-core/private-files. Every added export becomes API.
 */

export { createPrivateFile } from './private-file.ts';
export type { Exposure, PathKind, ProcessUser } from './private-path.ts';
export { findExposure, processUser } from './private-path.ts';
export { shellWord } from './shell-word.ts';
