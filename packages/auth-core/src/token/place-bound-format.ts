import { type AuthNames, DEFAULT_NAMES } from '../authority/names.ts';
import { ALPHANUMERIC, drawCharacters, type RandomBytes, systemRandom } from './random.ts';
import type { StoredTokenFormat } from './token-format.ts';

/** What {@link createPlaceBoundFormat} takes; a vocabulary can be passed. */
export interface PlaceBoundOptions {
  /** Names the prefix; those of the vocabulary. */
  readonly names?: Pick<AuthNames, 'placePrefix'>;
  readonly random?: RandomBytes;
}

const REST = /^([A-Za-z0-9]{10})([A-Za-z0-9]{30})$/;
const REST_LENGTH = 40;

/**
 * The place-bound token, for clients that cannot send a header: a prefix (`place_` unless the vocabulary names another
 * one) + 40 characters of `[A-Za-z0-9]`, all of which may stand in a path. The first 10 are the public id; the other 30
 * are the secret, 178 bits of it. Holders can add no caveats to it.
 *
 * > [!WARNING]
 * > This only makes and reads the text. Paths are written down in more places than headers are: a host that serves this
 * > kind takes it from the place that it is bound to, and refuses it in headers and bodies.
 *
 * The kind is switched off until `AuthSettings.kinds` says otherwise.
 *
 * @example
 * ```ts
 * import { createPlaceBoundFormat } from '@latchkey/auth-core';
 *
 * const { text } = await createPlaceBoundFormat().mint({ owner: 'ada', issuedAt: new Date() });
 * console.log(text.length); // 46
 * ```
 */
export function createPlaceBoundFormat({
  names = DEFAULT_NAMES,
  random = systemRandom,
}: PlaceBoundOptions = {}): StoredTokenFormat {
  const { placePrefix } = names;
  return {
    type: 'stored',
    kind: 'place-bound',
    underivable: true,
    async mint({ id = drawCharacters(ALPHANUMERIC, 10, random) }) {
      const secret = drawCharacters(ALPHANUMERIC, 30, random);
      return { id, secret, text: `${placePrefix}${id}${secret}` };
    },
    parse(text) {
      if (text.length !== placePrefix.length + REST_LENGTH || !text.startsWith(placePrefix)) return undefined;
      const [, id, secret] = REST.exec(text.slice(placePrefix.length)) ?? [];
      return id === undefined || secret === undefined ? undefined : { id, secret };
    },
  };
}
