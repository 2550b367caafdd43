import { type AuthNames, DEFAULT_NAMES } from '../authority/names.ts';
import { InvalidInputError } from '../errors.ts';
import { checkKeyStrength } from './key-strength.ts';
import type { StoredTokenFormat } from './token-format.ts';

const SHAPE = /^[\x21-\x7e]{8,256}$/;
const LEGACY = /^[0-9a-f]{40}$/i;

/** What {@link createCustomKeyFormat} takes; a vocabulary can be passed. */
export interface CustomKeyOptions {
  /** Names the prefixes of the other kinds; those of the vocabulary. */
  readonly names?: Pick<AuthNames, 'keyPrefix' | 'attenuatedPrefix' | 'placePrefix'>;
}

/**
 * The custom key: a text that an operator chose, 8 to 256 visible ASCII characters without blanks. It has no public
 * half, so it is looked up by a keyed digest of itself. A text that begins like a token of another kind is not a custom
 * key.
 *
 * @example
 * ```ts
 * import { createCustomKeyFormat } from '@latchkey/auth-core';
 *
 * const format = createCustomKeyFormat();
 * console.log(format.parse('two words')); // undefined
 * ```
 */
export function createCustomKeyFormat({ names = DEFAULT_NAMES }: CustomKeyOptions = {}): StoredTokenFormat {
  const others = [names.keyPrefix, names.attenuatedPrefix, names.placePrefix, 'eyJ'].map((prefix) =>
    prefix.toLowerCase(),
  );
  function isCustomKey(text: string): boolean {
    if (!SHAPE.test(text) || LEGACY.test(text)) return false;
    const folded = text.toLowerCase();
    return !others.some((prefix) => folded.startsWith(prefix));
  }
  return {
    type: 'stored',
    kind: 'custom',
    weaknessOf: checkKeyStrength,
    async mint({ secret }) {
      if (secret === undefined) throw new InvalidInputError('secret', 'is required: it is the text of the custom key');
      if (!isCustomKey(secret)) {
        throw new InvalidInputError(
          'secret',
          'must be 8 to 256 visible ASCII characters without blanks, and must not begin like a token of another kind',
        );
      }
      return { secret, text: secret };
    },
    parse: (text) => (isCustomKey(text) ? { secret: text } : undefined),
  };
}
