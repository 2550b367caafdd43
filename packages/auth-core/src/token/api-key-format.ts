import { ALPHANUMERIC, drawCharacters, type RandomBytes, systemRandom } from './random.ts';
import type { StoredTokenFormat } from './token-format.ts';

const SHAPE = /^sk-lm-([A-Za-z0-9]{8}):([A-Za-z0-9]{20})$/;
const LENGTH = 35;

/**
 * The API key, in the one shape that LM Studio's SDKs accept: `sk-lm-` + 8 characters + `:` + 20 characters of
 * `[A-Za-z0-9]`. The 8 are the public id; the 20 are the secret, 119 bits of it.
 *
 * @example
 * ```ts
 * import { createApiKeyFormat } from '@latchkey/auth-core';
 *
 * const format = createApiKeyFormat();
 * const { text } = await format.mint({ owner: 'ada', issuedAt: new Date() });
 * console.log(format.parse(text)?.id?.length); // 8
 * ```
 */
export function createApiKeyFormat(random: RandomBytes = systemRandom): StoredTokenFormat {
  return {
    type: 'stored',
    kind: 'api-key',
    async mint({ id = drawCharacters(ALPHANUMERIC, 8, random) }) {
      const secret = drawCharacters(ALPHANUMERIC, 20, random);
      return { id, secret, text: `sk-lm-${id}:${secret}` };
    },
    parse(text) {
      if (text.length !== LENGTH) return undefined;
      const [, id, secret] = SHAPE.exec(text) ?? [];
      return id === undefined || secret === undefined ? undefined : { id, secret };
    },
  };
}
