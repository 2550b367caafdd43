import type { AuthorityEntry } from '../authority/authority.ts';
import type { AuthNames } from '../authority/names.ts';
import { parseAcceptedGrant } from '../authority/parse-grant.ts';
import type { VocabularyParts } from '../authority/vocabulary.ts';
import { InvalidTokenError } from '../errors.ts';
import type { Principal } from '../principal.ts';
import type { JsonObject } from '../schema/copy-json.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { ACCESS_TOKEN_ID_PREFIX } from '../token/derived-id.ts';
import { pickOwnClaims } from './own-claims.ts';
import { scopeOf } from './scope.ts';

/** The content of a verified access token. */
export interface AccessTokenContent {
  readonly jti: string;
  readonly owner: string;
  readonly name: string;
  readonly project?: string;
  /** The stored token behind it. */
  readonly parentId: string;
  /** Every id whose revocation ends the token that this one was made from. */
  readonly chain: readonly string[];
  readonly entries: readonly AuthorityEntry[];
  /** RFC 3339. */
  readonly expiresAt: string;
  /** What the host added. */
  readonly claims?: JsonObject;
}

const DETAIL_FIELDS: ReadonlySet<string> = new Set(['type', 'grant', 'source', 'id']);
const JTI = new RegExp(`^${ACCESS_TOKEN_ID_PREFIX}[A-Za-z0-9]{22}$`);

/** The claims for the owner of the token and its authority. */
export function writeContent(
  { claim, grantType }: AuthNames,
  by: Principal,
  entries: readonly AuthorityEntry[],
  project: string | undefined,
) {
  const scope = scopeOf(entries);
  return {
    sub: by.owner,
    client_id: by.tokenId,
    // Label Studio's name for the kind.
    token_type: 'access',
    // RFC 9068 2.2.3, for servers that read only the scope. An empty scope cannot be written.
    ...(scope.length > 0 && { scope: scope.join(' ') }),
    authorization_details: entries.map(({ grant, source, id }) => ({
      type: grantType,
      grant,
      source,
      ...(id !== undefined && { id }),
    })),
    [claim]: {
      parent: by.tokenId,
      chain: by.chain,
      name: by.name,
      ...(project !== undefined && { project }),
    },
  };
}

/**
 * Reads the claims of a token whose signature was verified. It refuses everything that it does not understand: a grant
 * that was ignored would not narrow.
 *
 * @throws {AuthError} `AUTH_TOKEN_MALFORMED`
 */
export function readContent(
  claims: Readonly<Record<string, unknown>>,
  vocabulary: VocabularyParts,
): AccessTokenContent {
  const { sub, jti, exp, client_id: clientId, authorization_details: details } = claims;
  const own = claims[vocabulary.names.claim];
  if (!isJsonObject(own)) throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
  const { parent, chain, name, project } = own;
  if (
    !isText(sub) ||
    !isText(jti) ||
    !JTI.test(jti) ||
    !isText(parent) ||
    clientId !== parent ||
    !isListOf(chain, isText) ||
    !chain.includes(parent) ||
    !isText(name) ||
    !(project === undefined || isText(project)) ||
    !isListOf(details, isJsonObject) ||
    !isTime(exp)
  ) {
    throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
  }
  const added = pickOwnClaims(claims, vocabulary.names);
  return {
    jti,
    owner: sub,
    name,
    ...(project !== undefined && { project }),
    parentId: parent,
    chain,
    entries: details.map((detail) => readEntry(vocabulary, detail)),
    expiresAt: new Date(exp * 1000).toISOString(),
    ...(added !== undefined && { claims: added }),
  };
}

function readEntry(vocabulary: VocabularyParts, detail: Readonly<Record<string, unknown>>): AuthorityEntry {
  const { type, grant, source, id } = detail;
  const known = Object.keys(detail).every((name) => DETAIL_FIELDS.has(name));
  if (!known || type !== vocabulary.names.grantType || !isText(source) || !(id === undefined || isText(id))) {
    throw new InvalidTokenError('AUTH_TOKEN_MALFORMED');
  }
  try {
    return Object.freeze({ grant: parseAcceptedGrant(vocabulary, grant), source, ...(id !== undefined && { id }) });
  } catch (cause) {
    throw new InvalidTokenError('AUTH_TOKEN_MALFORMED', { cause });
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** A NumericDate (RFC 7519 section 2) in whole seconds that a date can hold. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isNaN(new Date(value * 1000).getTime());
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is readonly T[] {
  return Array.isArray(value) && value.length > 0 && value.every(isItem);
}
