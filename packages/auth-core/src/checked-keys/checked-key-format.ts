import { DEFAULT_NAMES } from '../authority/names.ts';
import { type ApiKeyOptions, createApiKeyFormat } from '../token/api-key-format.ts';
import { ALPHANUMERIC, drawCharacters, systemRandom } from '../token/random.ts';
import type { StoredTokenFormat } from '../token/token-format.ts';
import { CHECKSUM_CHARACTERS, checksumOf } from './checksum.ts';

const REST = /^([A-Za-z0-9]{8})([A-Za-z0-9]{20})[A-Za-z0-9]{6}$/;
const REST_LENGTH = 28 + CHECKSUM_CHARACTERS;

/**
 * API keys with a checksum, for a prefix of one's own: the prefix, 8 characters of the public id, 20 of the secret, and
 * 6 of a checksum, without a separator. A scanner of secrets that finds the prefix checks the rest without asking a
 * server; a mistyped key is refused without asking the store. Keys of `createApiKeyFormat` with the same prefix are
 * accepted as before, so that a server can change over.
 *
 * The checksum is the CRC-32 of all that is before it, in base 62 with the digits 0-9, A-Z, a-z.
 *
 * @example
 * ```ts
 * import { createAuth, createMemoryTokenStore, defineVocabulary } from '@latchkey/auth-core';
 * import { createCheckedKeyFormat, isCheckedKey } from '@latchkey/auth-core/checked-keys';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'], names: { keyPrefix: 'inv_' } });
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const formats = [createCheckedKeyFormat(vocabulary)];
 * const auth = createAuth({ vocabulary, store: createMemoryTokenStore(), digestKey, formats });
 *
 * const { token } = await auth.issue({ name: 'ci', grant: { actions: ['invoices:read'] } }, auth.operator());
 * console.log(isCheckedKey(token, 'inv_'), isCheckedKey(token.toLowerCase(), 'inv_')); // true false
 * ```
 */
export function createCheckedKeyFormat({
  names = DEFAULT_NAMES,
  random = systemRandom,
}: ApiKeyOptions = {}): StoredTokenFormat {
  const { keyPrefix } = names;
  const unchecked = createApiKeyFormat({ names, random });
  return {
    type: 'stored',
    kind: 'api-key',
    async mint({ id = drawCharacters(ALPHANUMERIC, 8, random) }) {
      const secret = drawCharacters(ALPHANUMERIC, 20, random);
      const text = `${keyPrefix}${id}${secret}`;
      return { id, secret, text: text + checksumOf(text) };
    },
    parse(text) {
      if (!isCheckedKey(text, keyPrefix)) return unchecked.parse(text);
      const [, id, secret] = REST.exec(text.slice(keyPrefix.length)) ?? [];
      return id === undefined || secret === undefined ? undefined : { id, secret };
    },
  };
}

/**
 * Whether a text is a key with this prefix whose checksum is right, which no other text is but by a chance of one in
 * four thousand million. It needs no server, and says nothing about whether the key still works.
 *
 * @example
 * ```ts
 * import { isCheckedKey } from '@latchkey/auth-core/checked-keys';
 *
 * export function findKeys(text: string): string[] {
 *   return [...text.matchAll(/\binv_[A-Za-z0-9]{34}\b/g)].map(([key]) => key).filter((key) => isCheckedKey(key, 'inv_'));
 * }
 * ```
 */
export function isCheckedKey(text: string, prefix: string): boolean {
  if (text.length !== prefix.length + REST_LENGTH || !text.startsWith(prefix)) return false;
  return (
    REST.test(text.slice(prefix.length)) &&
    checksumOf(text.slice(0, -CHECKSUM_CHARACTERS)) === text.slice(-CHECKSUM_CHARACTERS)
  );
}
