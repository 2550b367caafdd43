import type { Authority } from './authority/authority.ts';
import type { Grant } from './authority/grant.ts';
import type { Vocabulary, Words } from './authority/vocabulary.ts';
import type { JsonObject } from './schema/copy-json.ts';
import type { TokenKind } from './token/token-format.ts';

/** A verified caller: its token, owner, project and authority. */
export interface Principal {
  /** The token's id; it contains no colon, unlike the ids of callers without a token. */
  readonly id: string;
  readonly kind: TokenKind | 'operator' | 'anonymous';
  readonly name: string;
  readonly owner: string;
  readonly project?: string;
  /** The root token of its chain; stored data belongs to that token. */
  readonly rootId: string;
  /** The stored token that this is, or that it was derived from last. */
  readonly tokenId: string;
  /** Every id that this one can be revoked by: those of the tokens that it was derived from, and its own. */
  readonly chain: readonly string[];
  readonly authority: Authority;
  /**
   * What the host keeps on the stored token: see `IssueInput.metadata`. A derived token without metadata of its own has
   * that of the token that it was derived from, as it is now. Absent in another server, which does not see it.
   */
  readonly metadata?: JsonObject;
  /** The claims that the host added to this access token. `readClaims` of `auth-core/jwt` reads them with a type. */
  readonly claims?: JsonObject;
  /** A name of the secret that proved the token; the name proves nothing. Absent when a signature proved it. */
  readonly provedBy?: string;
  /** RFC 3339; when the token ends. */
  readonly expiresAt?: string;
}

/**
 * The principal of every caller of a server that runs with authentication off, with the authority of one grant.
 *
 * @param vocabulary the vocabulary of the server
 * @param policy the grant that no caller can exceed, as `createAuth` applies it to callers with a token
 * @throws {AuthError} `AUTH_GRANT_INVALID` when a grant is not valid
 * @example
 * ```ts
 * import { anonymousPrincipal, defineVocabulary } from '@latchkey/auth-core';
 *
 * const vocabulary = defineVocabulary({ actions: ['invoices:read'] });
 * const guest = anonymousPrincipal(vocabulary, { actions: ['invoices:read'] }, 'guest');
 * console.log(vocabulary.decide(guest.authority, { action: 'tokens:write' }, { now: new Date() }).allowed); // false
 * ```
 */
export function anonymousPrincipal<W extends Words>(
  vocabulary: Vocabulary<W>,
  grant: Grant<W>,
  name: string,
  policy?: Grant<W>,
): Principal {
  const principal = localPrincipal('anonymous', name, vocabulary.parseGrant(grant));
  if (policy === undefined) return principal;
  const entry = Object.freeze({ grant: vocabulary.parseGrant(policy), source: 'server policy', id: 'policy' });
  return Object.freeze({ ...principal, authority: Object.freeze([entry, ...principal.authority]) });
}

/** The operator at the machine itself: everything is allowed. For bootstrap and commands; never for a request. */
export function operatorPrincipal(vocabulary: Vocabulary): Principal {
  return localPrincipal('operator', 'operator', vocabulary.everything);
}

function localPrincipal(kind: 'operator' | 'anonymous', name: string, grant: Grant): Principal {
  const id = `local:${kind}`;
  // Frozen: many requests share it.
  const entry = Object.freeze({ grant, source: name, id });
  return Object.freeze({
    id,
    kind,
    name,
    owner: name,
    rootId: id,
    tokenId: id,
    chain: Object.freeze([id]),
    authority: Object.freeze([entry]),
  });
}
