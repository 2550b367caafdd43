/*
 * The public API of @latchkey/auth-core/import. Every added export becomes API.
 */

export type {
  ComputedHash,
  EarlierHash,
  ImportedKey,
  ImportedKeyFormat,
  ImportedKeyOptions,
  ImportInput,
} from './imported-key-format.ts';
export { createImportedKeyFormat } from './imported-key-format.ts';
