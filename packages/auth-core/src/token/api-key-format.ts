import { type AuthNames, DEFAULT_NAMES } from '../authority/names.ts';
import { ALPHANUMERIC, drawCharacters, type RandomBytes, systemRandom } from './random.ts';
import type { StoredTokenFormat } from './token-format.ts';

/** What {@link createApiKeyFormat} takes; a vocabulary can be passed. */
export interface ApiKeyOptions {
  /** Names the prefix; those of the vocabulary. */
  readonly names?: Pick<AuthNames, 'keyPrefix'>;
  readonly random?: RandomBytes;
}

const REST = /^([A-Za-z0-9]{8}):([A-Za-z0-9]{20})$/;
const REST_LENGTH = 29;

/**
 * The API key: a prefix (`key_` unless the vocabulary names another one) + 8 characters + `:` + 20 characters of
 * `[A-Za-z0-9]`. The 8 are the public id; the 20 are the secret, 119 bits of it.
 *
 * @example
 * ```ts
 * import { createApiKeyFormat, defineVocabulary } from '@latchkey/auth-core';
 *
 * const format = createApiKeyFormat(defineVocabulary({ names: { keyPrefix: 'inv_' } }));
 * const { text } = await format.mint({ owner: 'ada', issuedAt: new Date() });
 * console.log(text.startsWith('inv_'), format.parse(text)?.id?.length); // true 8
 * ```
 */
export function createApiKeyFormat({
  names = DEFAULT_NAMES,
  random = systemRandom,
}: ApiKeyOptions = {}): StoredTokenFormat {
  const { keyPrefix } = names;
  return {
    type: 'stored',
    kind: 'api-key',
    async mint({ id = drawCharacters(ALPHANUMERIC, 8, random) }) {
      const secret = drawCharacters(ALPHANUMERIC, 20, random);
      return { id, secret, text: `${keyPrefix}${id}:${secret}` };
    },
    parse(text) {
      if (text.length !== keyPrefix.length + REST_LENGTH || !text.startsWith(keyPrefix)) return undefined;
      const [, id, secret] = REST.exec(text.slice(keyPrefix.length)) ?? [];
      return id === undefined || secret === undefined ? undefined : { id, secret };
    },
  };
}
