import type { DerivedTokenKind } from './token-format.ts';

/** The prefix of the ids of access tokens. No id of a stored token has it. */
export const ACCESS_TOKEN_ID_PREFIX = 'at_';

/** The kind of a derived token, by its id; undefined for the id of a stored one. */
export function kindOfDerivedId(id: string): DerivedTokenKind | undefined {
  if (id.startsWith(ACCESS_TOKEN_ID_PREFIX)) return 'access';
  // The id of an attenuated token is its parent's, a dot, and a digest of the caveats.
  return id.includes('.') ? 'attenuated' : undefined;
}
