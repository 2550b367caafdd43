import { drawCharacters, type RandomBytes, systemRandom } from './random.ts';
import type { StoredTokenFormat } from './token-format.ts';

const SHAPE = /^([0-9a-f]{10})([0-9a-f]{30})$/;
const HEXADECIMAL = '0123456789abcdef';

/**
 * The legacy token of older clients: 40 lowercase hexadecimal digits. The first 10 are the public id; the
 * other 30 are the secret, 120 bits of it. Its owner may see it again.
 *
 * @example
 * ```ts
 * import { createLegacyFormat } from '@latchkey/auth-core';
 *
 * const { text } = await createLegacyFormat().mint({ owner: 'ada', issuedAt: new Date() });
 * console.log(text.length); // 40
 * ```
 */
export function createLegacyFormat(random: RandomBytes = systemRandom): StoredTokenFormat {
  return {
    type: 'stored',
    kind: 'legacy',
    revealable: true,
    async mint({ id = drawCharacters(HEXADECIMAL, 10, random) }) {
      const secret = drawCharacters(HEXADECIMAL, 30, random);
      return { id, secret, text: `${id}${secret}` };
    },
    parse(text) {
      const [, id, secret] = SHAPE.exec(text) ?? [];
      return id === undefined || secret === undefined ? undefined : { id, secret };
    },
  };
}
