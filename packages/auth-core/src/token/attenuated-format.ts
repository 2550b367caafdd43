import type { AuthorityEntry } from '../authority/authority.ts';
import { asFormerlyRead } from '../authority/former-grant.ts';
import { DEFAULT_NAMES } from '../authority/names.ts';
import { parseAcceptedGrant } from '../authority/parse-grant.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import { endOf } from '../date-time.ts';
import { InvalidTokenError } from '../errors.ts';
import { type AttenuatedNames, readAttenuatedText, readCaveat, writeCaveat } from './attenuated-text.ts';
import { nextAttenuationKey } from './attenuation-key.ts';
import { constantTimeEqual } from './digest.ts';
import { sha256 } from './sha256.ts';
import type { DerivedTokenFormat } from './token-format.ts';

const ID_DIGITS = 32;

/** What {@link createAttenuatedFormat} takes; a vocabulary can be passed. */
export interface AttenuatedOptions {
  /** Names the prefix; those of the vocabulary. */
  readonly names?: AttenuatedNames;
}

/**
 * The attenuated token, which a holder makes by adding caveats to a token with `attenuateToken`. Its text names the
 * original token and contains each caveat, and a key that is derived from exactly these caveats in this order. Each
 * caveat has an id, which identifies the token with the caveats up to this one: limits count under that id, and the
 * token can be revoked by it.
 *
 * @example
 * ```ts
 * import { createApiKeyFormat, createAttenuatedFormat, createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const formats = [createApiKeyFormat(), createAttenuatedFormat()];
 * export const auth = createAuth({ store: createMemoryTokenStore(), digestKey, formats });
 * ```
 */
export function createAttenuatedFormat({ names = DEFAULT_NAMES }: AttenuatedOptions = {}): DerivedTokenFormat {
  return {
    type: 'derived',
    kind: 'attenuated',
    matches: (text) => readAttenuatedText(text, names) !== undefined,
    async prove(text, { now, vocabulary, idOfCommitment, attenuationKeysOf }) {
      const presented = readAttenuatedText(text, names);
      if (presented === undefined) throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
      const { from, caveats } = presented;
      const grants = caveats.map((caveat) => readGrant(vocabulary, caveat));
      const parentId = 'id' in from ? from.id : await idOfCommitment('custom', from.commitment);
      const keys = await attenuationKeysOf(parentId);
      // The work is the same for a token that does not exist or has no former secret.
      const proofs = await Promise.all(
        [keys[0], keys[1], ...keys.slice(2)].map(async (key) => ({
          key,
          tail: await follow(key ?? NOBODYS_KEY, caveats),
        })),
      );
      const [proof] = proofs.filter(({ tail }) => constantTimeEqual(tail, presented.key));
      // A match with the placeholder key proves nothing: anyone can compute it.
      if (proof?.key === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
      const entries = await Promise.all(
        grants.map(async (grant, index) => ({
          grant,
          source: `caveat #${index + 1} of token ${parentId}`,
          id: `${parentId}.${(await sha256([parentId, ...caveats.slice(0, index + 1)].join('.'))).slice(0, ID_DIGITS)}`,
        })),
      );
      return { parentId, ids: entries.map(({ id }) => id), entries, ...readEnd(entries, now), provedBy: proof.key };
    },
  };
}

const NOBODYS_KEY = '0'.repeat(64);

/** Reads a caveat in its canonical form only: two different texts must not be the same caveat. */
function readGrant(vocabulary: VocabularyParts, caveat: string) {
  try {
    const { grant: written, isFormer } = readCaveat(caveat);
    const grant = parseAcceptedGrant(vocabulary, written);
    if (writeCaveat(grant, { isFormer }) === caveat) return isFormer ? asFormerlyRead(vocabulary, grant) : grant;
  } catch (cause) {
    throw new InvalidTokenError('AUTH_TOKEN_MALFORMED', { cause });
  }
  throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
}

/** The earliest expiry of the caveats. @throws `AUTH_TOKEN_EXPIRED` */
function readEnd(entries: readonly AuthorityEntry[], now: Date): { readonly expiresAt?: string } {
  const endsAt = Math.min(...entries.map(({ grant }) => endOf(grant.expiresAt)));
  if (!(now.getTime() < endsAt)) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
  return Number.isFinite(endsAt) ? { expiresAt: new Date(endsAt).toISOString() } : {};
}

async function follow(key: string, caveats: readonly string[]): Promise<string> {
  let tail = key;
  for (const caveat of caveats) tail = await nextAttenuationKey(tail, caveat);
  return tail;
}
