import { SignJWT } from 'jose';
import type { AuditSink } from '../audit/audit-event.ts';
import { keepEvent } from '../audit/record-act.ts';
import { toActor } from '../audit/to-actor.ts';
import type { AuthorityEntry } from '../authority/authority.ts';
import { coreVocabulary } from '../authority/define-vocabulary.ts';
import type { Grant } from '../authority/grant.ts';
import type { CoreWords, Vocabulary, Words } from '../authority/vocabulary.ts';
import { type Clock, systemClock } from '../clock.ts';
import { endOf } from '../date-time.ts';
import { InvalidGrantError, InvalidInputError, InvalidTokenError } from '../errors.ts';
import { guard } from '../guard.ts';
import { selectProject } from '../management/select-project.ts';
import { requireToken } from '../management/token-access.ts';
import { checkOptions } from '../management/token-input.ts';
import type { Principal } from '../principal.ts';
import { canonicalJson } from '../schema/canonical-json.ts';
import type { JsonObject } from '../schema/copy-json.ts';
import { type AuthSettings, DEFAULT_AUTH_SETTINGS, MAXIMUM_ACCESS_TOKEN_SECONDS } from '../settings.ts';
import { ACCESS_TOKEN_ID_PREFIX } from '../token/derived-id.ts';
import { ALPHANUMERIC, drawCharacters, type RandomBytes, systemRandom } from '../token/random.ts';
import type { DerivedTokenFormat } from '../token/token-format.ts';
import { writeContent } from './access-token-claims.ts';
import { isAudienceList, MAXIMUM_AUDIENCES, requireNames } from './audience.ts';
import { checkOwnClaims } from './own-claims.ts';
import {
  ACCESS_TOKEN_TYPE,
  looksLikeAccessToken,
  MAXIMUM_ACCESS_TOKEN_LENGTH,
  proveAccessToken,
} from './prove-access-token.ts';
import type { PublishedKeys, SigningKeys } from './signing-keys.ts';

/** What {@link createAccessTokens} works with. */
export interface AccessTokensOptions<W extends Words = Words> {
  /** The vocabulary of the `Auth` whose principals make them; by default the library's own actions and limits. */
  readonly vocabulary?: Vocabulary<W>;
  readonly keys: SigningKeys;
  /** The issuer, as other servers know it: the server's own URL (RFC 8414 section 2). */
  readonly issuer: string;
  /** What this server calls itself as a recipient of tokens, or each of its names; the issuer by default. */
  readonly audience?: string | readonly string[];
  readonly clock?: Clock;
  readonly random?: RandomBytes;
  /** The current settings of the installation; called each time. */
  readonly settings?: () => AuthSettings;
  /**
   * Reads the maker of a token again before a token is signed, and once more before it is returned: `auth.refresh`.
   * Without it, a maker that was revoked after its verification can still get a token, which other servers accept until
   * it expires.
   */
  readonly refresh?: (by: Principal) => Promise<Principal>;
  /** Records each issued token. When it rejects, no token is issued, and the caller gets `AUTH_AUDIT_UNAVAILABLE`. */
  readonly audit?: AuditSink;
}

/** The properties of a new access token. */
export interface AccessTokenInput<W extends Words = Words> {
  /** A grant that narrows the authority, read by `parseGrant` of the vocabulary; by default nothing is narrowed. */
  readonly grant?: Grant<W>;
  /** The lifetime in seconds. The installation's `accessTokenSeconds` is the maximum and the default. */
  readonly seconds?: number;
  /** For which servers, up to 10; this one, by its first name, when left out. */
  readonly audience?: string | readonly string[];
  /** The project that it acts for; the principal's own when left out. */
  readonly project?: string;
  /**
   * The server's own claims besides the registered ones: up to 2048 bytes of JSON, 8 levels deep. They are not secret,
   * and no decision here depends on them. After verification they are `claims` of the principal. An access token that
   * is made from this one has them only if they are given again.
   */
  readonly claims?: JsonObject;
}

const OPTIONS = [
  'grant',
  'seconds',
  'audience',
  'project',
  'claims',
] as const satisfies readonly (keyof AccessTokenInput)[];

/** An access token that was just made. */
export interface IssuedAccessToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expiresAt: string;
  /** The lifetime in whole seconds. */
  readonly expiresIn: number;
  /** The token's id, by which it can be revoked where it was issued. */
  readonly jti: string;
  readonly audience: readonly string[];
}

/** Makes access tokens, and reads them on the server that has made them. */
export interface AccessTokens<W extends Words = Words> {
  /** For `createAuth`'s `formats`. */
  readonly format: DerivedTokenFormat;
  /**
   * The same, but it also reads tokens that were made for other servers. For an `Auth` that only answers introspection
   * requests of those servers (RFC 7662), and permits nothing.
   */
  readonly formatForAnyAudience: DerivedTokenFormat;
  /**
   * Makes an access token from the token that the principal has presented, of any kind. Needs no action: the access
   * token never permits more than that token, does not outlive it, and is revoked with it.
   *
   * @throws {AuthError} `AUTH_PERMISSION_DENIED` without a token; `AUTH_INPUT_INVALID`; `AUTH_GRANT_INVALID`, also for
   * an authority that does not fit into a token; `AUTH_TOKEN_EXPIRED`; `AUTH_TOKEN_KIND_DISABLED`;
   * `AUTH_STORE_UNAVAILABLE`
   */
  issue(by: Principal, input?: AccessTokenInput<W>): Promise<IssuedAccessToken>;
  /**
   * The keys that other servers verify these tokens with, for `/.well-known/jwks.json`. @throws
   * `AUTH_STORE_UNAVAILABLE`
   */
  jwks(): Promise<PublishedKeys>;
}

/** The id of the server's policy, which is not copied into tokens: the server puts it before every authority itself. */
const POLICY_ID = 'policy';

/**
 * Makes short-lived access tokens (RFC 9068) that other servers verify offline, see `createAccessTokenVerifier`. Each
 * carries the whole authority of its maker, except for the server's policy, as `authorization_details` (RFC 9396). On
 * the server that issued it, the present authority of the token behind it applies as well.
 *
 * > [!WARNING]
 * > Another server cannot see what was used elsewhere: it counts the limits of grants on its own.
 *
 * @throws {TypeError} when the issuer or the audience is empty, has blanks or is longer than 200 characters
 * @example
 * ```ts
 * import { createApiKeyFormat, createAuth, createMemoryTokenStore, createSealer } from '@latchkey/auth-core';
 * import { createAccessTokens, createMemorySigningKeyStore, createSigningKeys } from '@latchkey/auth-core/jwt';
 *
 * const digestKey = crypto.getRandomValues(new Uint8Array(32));
 * const keys = createSigningKeys({ store: createMemorySigningKeyStore(), sealer: createSealer(digestKey) });
 * const accessTokens = createAccessTokens({ keys, issuer: 'https://latchkey.example' });
 * const formats = [createApiKeyFormat(), accessTokens.format];
 * const auth = createAuth({ store: createMemoryTokenStore(), digestKey, formats });
 *
 * const grant = { actions: ['usage:read'] } as const;
 * const { token } = await auth.issue({ name: 'ci-bot', grant }, auth.operator());
 * const access = await accessTokens.issue(await auth.verify(token), { seconds: 60 });
 * console.log(access.expiresIn <= 60); // true
 * ```
 */
export function createAccessTokens<W extends Words = CoreWords>(options: AccessTokensOptions<W>): AccessTokens<W> {
  const { keys, issuer, audience: own = issuer, clock = systemClock, random = systemRandom, audit } = options;
  const { settings = () => DEFAULT_AUTH_SETTINGS, refresh = async (by: Principal) => by } = options;
  const vocabulary: Vocabulary = options.vocabulary ?? coreVocabulary;
  const ownNames = [own].flat();
  requireNames({ issuer, audience: ownNames });

  /** Signs; undefined when the text becomes too long. */
  async function sign(claims: Readonly<Record<string, unknown>>): Promise<string | undefined> {
    const { kid, algorithm, privateKey } = await keys.signer();
    const text = await new SignJWT(claims)
      .setProtectedHeader({ alg: algorithm, typ: ACCESS_TOKEN_TYPE, kid })
      .sign(privateKey);
    return text.length > MAXIMUM_ACCESS_TOKEN_LENGTH ? undefined : text;
  }

  async function issue(maker: Principal, input: AccessTokenInput = {}): Promise<IssuedAccessToken> {
    requireToken(maker);
    checkOptions('issue', input, OPTIONS);
    const { kinds, accessTokenSeconds } = await guard(async () => settings());
    if (!kinds.access) throw new InvalidTokenError('AUTH_TOKEN_KIND_DISABLED');
    const standing = await refresh(maker);
    const by = input.project === undefined ? standing : selectProject(standing, input.project);
    const audience = readAudience(input.audience ?? ownNames.slice(0, 1));
    const claims = input.claims === undefined ? undefined : checkOwnClaims(input.claims, vocabulary.names);
    const now = clock().getTime();
    const exp = readEnd(input.seconds, accessTokenSeconds, by, now);
    const jti = `${ACCESS_TOKEN_ID_PREFIX}${drawCharacters(ALPHANUMERIC, 22, random)}`;
    const [inherited, added] = [inheritedEntries(by), addedEntries(vocabulary, input.grant, by, jti)];

    const write = (entries: readonly AuthorityEntry[]) =>
      sign({
        ...claims,
        iss: issuer,
        aud: audience.length === 1 ? audience[0] : audience,
        ...writeContent(vocabulary.names, by, entries, by.project),
        jti,
        iat: Math.floor(now / 1000),
        exp,
      });
    const token =
      (await write([...inherited, ...added])) ??
      (await write([...withoutCovering(vocabulary, inherited, added), ...added]));
    if (token === undefined) {
      throw new InvalidGrantError(
        'grant',
        `leaves more than fits into an access token of ${MAXIMUM_ACCESS_TOKEN_LENGTH} characters; name a narrower grant`,
      );
    }

    const expiresAt = new Date(exp * 1000).toISOString();
    if (audit) {
      const event = {
        type: 'token.exchanged',
        actor: toActor(by),
        ...(by.project !== undefined && { project: by.project }),
        subject: jti,
        details: {
          kind: 'access',
          name: by.name,
          parent: by.tokenId,
          audience,
          expiresAt,
          ...(claims !== undefined && { claims: Object.keys(claims) }),
        },
      };
      await keepEvent(audit, event);
    }
    await refresh(maker);
    return { token, expiresAt, expiresIn: Math.floor((exp * 1000 - now) / 1000), jti, audience };
  }

  function formatFor(audience: readonly string[] | undefined): DerivedTokenFormat {
    return {
      type: 'derived',
      kind: 'access',
      matches: looksLikeAccessToken,
      async prove(text, { now, vocabulary: read }) {
        const { jti, project, parentId, chain, entries, expiresAt, claims } = await proveAccessToken(text, {
          async getKey({ kid = '' }) {
            const key = await keys.find(kid);
            if (key === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
            return key.publicKey;
          },
          issuer,
          ...(audience !== undefined && { audience }),
          now,
          vocabulary: read,
        });
        const ids = [...chain.slice(chain.indexOf(parentId) + 1), jti];
        return {
          parentId,
          ids,
          entries,
          expiresAt,
          ...(project !== undefined && { project }),
          ...(claims !== undefined && { claims }),
        };
      },
    };
  }

  return {
    format: formatFor(ownNames),
    formatForAnyAudience: formatFor(undefined),
    issue,
    jwks: keys.jwks,
  };
}

/** The authority of the maker, without the server's policy and without duplicate entries. */
function inheritedEntries({ authority }: Principal): readonly AuthorityEntry[] {
  const own = authority.filter(({ id }) => id !== POLICY_ID);
  return [...new Map(own.map((entry) => [canonicalJson({ ...entry, added: undefined }), entry])).values()];
}

function addedEntries(vocabulary: Vocabulary, grant: unknown, by: Principal, jti: string): readonly AuthorityEntry[] {
  if (grant === undefined) return [];
  return [{ grant: vocabulary.parseGrant(grant, { at: 'grant' }), source: `access token of ${by.name}`, id: jti }];
}

/**
 * Removes the grants that cover an added one: beside the narrower grant they deny nothing more. Their limits stay,
 * since use counts against each of them.
 */
function withoutCovering(vocabulary: Vocabulary, entries: readonly AuthorityEntry[], added: readonly AuthorityEntry[]) {
  return entries.flatMap((entry) => {
    if (!added.some(({ grant }) => vocabulary.covers([entry], grant).covered)) return entry;
    const { limits } = entry.grant;
    return limits === undefined ? [] : { ...entry, grant: { ...vocabulary.everything, limits } };
  });
}

function readAudience(audience: string | readonly string[]): string[] {
  const list = typeof audience === 'string' ? [audience] : [...audience];
  if (!isAudienceList(list)) {
    throw new InvalidInputError(
      'audience',
      `must be 1 to ${MAXIMUM_AUDIENCES} names or URLs of servers, up to 200 visible ASCII characters each`,
    );
  }
  return [...new Set(list)];
}

/** When the token ends, in whole seconds since 1970: never after the maker does. */
function readEnd(seconds: number | undefined, usual: number, by: Principal, now: number): number {
  if (seconds !== undefined && !(Number.isInteger(seconds) && seconds >= 1)) {
    throw new InvalidInputError('seconds', 'must be a whole number of seconds, at least 1');
  }
  const longest = now + Math.min(seconds ?? usual, usual, MAXIMUM_ACCESS_TOKEN_SECONDS) * 1000;
  const end = Math.floor(Math.min(longest, endOf(by.expiresAt)) / 1000);
  // Written so that an end that cannot be read (NaN) counts as expired.
  if (!(end * 1000 > now)) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
  return end;
}
