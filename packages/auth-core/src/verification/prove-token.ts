import type { VocabularyParts } from '../authority/vocabulary.ts';
import { endOf } from '../date-time.ts';
import { InvalidTokenError } from '../errors.ts';
import type { Digest } from '../token/digest.ts';
import type { Sealer } from '../token/sealer.ts';
import type {
  Derivation,
  DerivedTokenFormat,
  PresentedToken,
  StoredTokenFormat,
  TokenKind,
} from '../token/token-format.ts';
import { type AttenuationKeys, openAttenuationKeys } from '../token/token-secrets.ts';
import type { TokenRecord, TokenStore } from '../token/token-store.ts';
import { matchSecret } from './check-secret.ts';
import type { IdentifiedToken } from './identify-token.ts';

/** What proves a token: the stored one that it is or comes from, and how. */
export interface Proof {
  readonly kind: TokenKind;
  readonly record: TokenRecord;
  /** Which secret of the record has proved it: 0, the present one; 1, the one before; absent where a signature has. */
  readonly age?: number;
  /** Whether it was proved by what an earlier system stored of it. */
  readonly isEarlier?: boolean;
  /** What the presented text adds, when it is not a stored token itself. */
  readonly derivation?: Derivation;
}

/** What tokens are proved with. */
export interface ProvingParts {
  readonly vocabulary: VocabularyParts;
  readonly digest: Digest;
  readonly sealer: Sealer;
}

type Find = TokenStore['find'];

/**
 * Proves that a text is a token: by the digest of its secret, by a signature, or by a chain of HMACs. It does not check
 * whether the stored token has ended.
 *
 * @throws {AuthError} `AUTH_TOKEN_*`, `AUTH_STORE_UNAVAILABLE`
 */
export function proveToken(
  token: IdentifiedToken,
  find: Find,
  now: number,
  parts: ProvingParts,
  address?: string,
): Promise<Proof> {
  return 'parsed' in token
    ? proveStored(token.format, token.parsed, find, parts, address)
    : proveDerived(token.format, token.text, find, now, parts);
}

async function proveStored(
  { kind }: StoredTokenFormat,
  parsed: PresentedToken,
  find: Find,
  parts: ProvingParts,
  address: string | undefined,
): Promise<Proof> {
  const { digest } = parts;
  const { secret, earlier } = parsed;
  if (earlier !== undefined) return { kind, ...(await earlier.prove({ ...parts, kind, find, address })) };
  const id = parsed.id ?? (await digest.idOf(kind, secret));
  const found = await find(id);
  return { kind, ...matchSecret(found, await digest.candidates(kind, { id, secret })) };
}

async function proveDerived(
  format: DerivedTokenFormat,
  text: string,
  find: Find,
  now: number,
  { vocabulary, digest, sealer }: ProvingParts,
): Promise<Proof> {
  const parents = new Map<string, TokenRecord | undefined>();
  async function findParent(id: string): Promise<TokenRecord | undefined> {
    if (!parents.has(id)) parents.set(id, await find(id));
    return parents.get(id);
  }
  let keys: AttenuationKeys = [];
  const derivation = await format.prove(text, {
    now: new Date(now),
    vocabulary,
    idOfCommitment: digest.idOfCommitment,
    async attenuationKeysOf(id) {
      keys = await openAttenuationKeys(sealer, await findParent(id));
      return keys.filter((key) => key !== undefined);
    },
  });
  const { parentId, expiresAt, provedBy } = derivation;
  const record = await findParent(parentId);
  if (record === undefined) throw new InvalidTokenError('AUTH_TOKEN_UNKNOWN');
  if (!(now < endOf(expiresAt))) throw new InvalidTokenError('AUTH_TOKEN_EXPIRED');
  // A token that was not proved by an attenuation key does not end with the secret that it was made with.
  return {
    kind: format.kind,
    record,
    derivation,
    ...(provedBy !== undefined && { age: keys.indexOf(provedBy) }),
  };
}
