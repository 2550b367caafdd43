import { AuthError, InvalidInputError, type Principal } from '@latchkey/auth-core';
import type { ImportInput } from '@latchkey/auth-core/import';
import type { Auth, LlmWords } from '@latchkey/auth-core/llm';
import type { EarlierHashName, EarlierKeys } from './earlier-keys.ts';

/** The key of an earlier system that is to be imported: what it may do, and its hash there. */
export type EarlierKey = Omit<ImportInput<LlmWords>, 'id'>;

/** What became of a key, or would become of it. */
export type ImportOutcome =
  | { readonly name: string; readonly outcome: 'imported'; readonly id: string }
  /** It can be imported; nothing was. */
  | { readonly name: string; readonly outcome: 'importable' }
  /** There is a key with this hash already. */
  | { readonly name: string; readonly outcome: 'known' }
  | {
      readonly name: string;
      readonly outcome: 'refused';
      readonly code: AuthError['code'];
      readonly message: string;
      /** The field that is not right. */
      readonly param?: string;
    };

export interface ImportRequest {
  readonly keys: readonly EarlierKey[];
  readonly hash: EarlierHashName;
  /** Only says what would become of each. */
  readonly dryRun: boolean;
}

/** What is wrong with one key, and leaves the others as they are. */
const OF_ONE_KEY: ReadonlySet<AuthError['code']> = new Set([
  'AUTH_INPUT_INVALID',
  'AUTH_GRANT_INVALID',
  'AUTH_GRANT_NOT_COVERED',
]);

/**
 * Imports keys of an earlier system, one after the other, and says what became of each.
 *
 * @throws {AuthError} for what concerns all of them: the caller may not, or the store fails; those before are imported
 */
export async function importKeys(
  auth: Pick<Auth, 'issue' | 'checkIssue'>,
  { format, hashes }: EarlierKeys,
  { keys, hash, dryRun }: ImportRequest,
  by: Principal,
): Promise<readonly ImportOutcome[]> {
  if (!hashes.includes(hash)) {
    throw new InvalidInputError('hash', `${hash} needs the key of the earlier system, as LATCHKEY_EARLIER_HMAC_KEY`);
  }
  async function importOne(key: EarlierKey): Promise<ImportOutcome> {
    const { name } = key;
    try {
      if (!dryRun) return { name, outcome: 'imported', id: (await format.import(auth, key, by)).id };
      await format.check(auth, key, by);
      return { name, outcome: 'importable' };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      if (error.code === 'AUTH_CONFLICT') return { name, outcome: 'known' };
      if (!OF_ONE_KEY.has(error.code)) throw error;
      const param = 'path' in error && typeof error.path === 'string' ? { param: error.path } : {};
      return { name, outcome: 'refused', code: error.code, message: error.message, ...param };
    }
  }
  const outcomes: ImportOutcome[] = [];
  for (const key of keys) outcomes.push(await importOne(key));
  return outcomes;
}
