import type { Grant } from '../authority/grant.ts';
import type { AuthNames } from '../authority/names.ts';
import type { Vocabulary, Words } from '../authority/vocabulary.ts';
import { InvalidGrantError, InvalidInputError } from '../errors.ts';
import {
  type AttenuatedFrom,
  type AttenuatedText,
  MAXIMUM_ATTENUATED_LENGTH,
  MAXIMUM_CAVEATS,
  readAttenuatedText,
  writeAttenuatedText,
  writeCaveat,
} from './attenuated-text.ts';
import { attenuationKeyOf, commitmentOf, nextAttenuationKey } from './attenuation-key.ts';
import { inspectToken } from './inspect-token.ts';

/**
 * Adds a caveat to a token: makes another token that may do only what both this token and the grant allow. This works
 * offline and stores nothing; the server that issued the token verifies the new one, which ends with the old one.
 *
 * A caveat is a whole grant: what it does not mention it denies. Further caveats can be added to the new token in the
 * same way, up to 16.
 *
 * > [!WARNING]
 * > The holder of the new token can guess at the old one offline. That is only feasible if the old one is a custom key
 * > that is easy to guess.
 *
 * @param vocabulary the vocabulary of the server that issued the token
 * @param token an API key, a custom key, a personal access token, a legacy token, or an attenuated token
 * @param grant read by `parseGrant` of the vocabulary
 * @throws {AuthError} `AUTH_GRANT_INVALID` when the grant is not valid, `AUTH_INPUT_INVALID` when no caveat can be
 * added to the token: `path` is `token` then
 * @example
 * ```ts
 * import { attenuateToken, defineVocabulary, names } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'], resources: { invoices: names() } });
 * const token = 'key_aB3dE5gH:aB3dE5gHaB3dE5gHaB3d'; // from an environment variable, say
 * const grant = { actions: ['invoices:read'], invoices: ['2026-*'], expiresAt: '2027-01-31T12:00:00Z' } as const;
 * const narrower = await attenuateToken(vocabulary, token, grant);
 * console.log(narrower.startsWith('att_aB3dE5gH.')); // true
 * ```
 */
export async function attenuateToken<W extends Words>(
  vocabulary: Vocabulary<W>,
  token: string,
  grant: Grant<W>,
): Promise<string> {
  const caveat = writeCaveat(vocabulary.parseGrant(grant, { at: 'grant' }));
  const { names } = vocabulary;
  const { from, caveats, key } = readAttenuatedText(token, names) ?? (await begin(token, names));
  if (caveats.length === MAXIMUM_CAVEATS) {
    throw new InvalidInputError('token', `has ${MAXIMUM_CAVEATS} caveats already, and takes no more`);
  }
  const attenuated = { from, caveats: [...caveats, caveat], key: await nextAttenuationKey(key, caveat) };
  const text = writeAttenuatedText(attenuated, names);
  if (text.length > MAXIMUM_ATTENUATED_LENGTH) {
    throw new InvalidGrantError(
      'grant',
      `makes the token longer than ${MAXIMUM_ATTENUATED_LENGTH} characters; use globs instead of long lists`,
    );
  }
  // A JWT from another issuer may have any text as its id.
  if (readAttenuatedText(text, names) === undefined) throw new InvalidInputError('token', NO_TOKEN);
  return text;
}

const NO_TOKEN = 'is not a token; check that it was copied whole';

async function begin(token: string, names: AuthNames): Promise<AttenuatedText> {
  const from = await nameToken(token, names);
  return { from, caveats: [], key: await attenuationKeyOf(token) };
}

async function nameToken(token: string, names: AuthNames): Promise<AttenuatedFrom> {
  const { kind, id } = inspectToken(token, { names });
  if (kind === 'access') {
    throw new InvalidInputError('token', 'is an access token; add the caveat to the token that it was made from');
  }
  if (kind === 'place-bound') {
    throw new InvalidInputError('token', 'is bound to a place, and takes no caveats; make another one for that place');
  }
  if (kind === 'custom') return { commitment: await commitmentOf(token) };
  if (id === undefined) throw new InvalidInputError('token', NO_TOKEN);
  return { id };
}
