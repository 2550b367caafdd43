import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { parseDateTime } from '../date-time.ts';
import { isJsonObject } from '../schema/json-value.ts';
import type { Sealer } from '../token/sealer.ts';
import { type SigningKeyRecord, signingKeyPurpose } from './signing-key-store.ts';

/** How tokens can be signed: Ed25519, under the name that JOSE has for it (RFC 8037), and two for older verifiers. */
export const SIGNING_ALGORITHMS = ['EdDSA', 'ES256', 'RS256'] as const;

/** How tokens are signed. */
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** The public half of a signing key (RFC 8037, RFC 7518). */
export type PublicSigningKey =
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

type ImportedKey = Exclude<Awaited<ReturnType<typeof importJWK>>, Uint8Array>;

/** A signing key, ready to be used. */
export interface SigningKey {
  readonly sequence: number;
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** Milliseconds since 1970. */
  readonly signsFrom: number;
  readonly publicJwk: PublicSigningKey;
  readonly privateKey: ImportedKey;
  readonly publicKey: ImportedKey;
}

/** Makes a key that begins to sign at a time, as it is stored. */
export async function makeSigningKey(
  { sequence, signsFrom, algorithm }: Pick<SigningKey, 'sequence' | 'signsFrom' | 'algorithm'>,
  now: Date,
  sealer: Sealer,
): Promise<SigningKeyRecord> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const { key_ops: _, ext: __, ...jwk } = await exportJWK(privateKey);
  const kid = await calculateJwkThumbprint(jwk);
  const content = JSON.stringify({ jwk, algorithm, signsFrom: new Date(signsFrom).toISOString() });
  return { sequence, kid, sealed: await sealer.seal(signingKeyPurpose(kid), content), createdAt: now.toISOString() };
}

/**
 * Opens a stored key. The public half is sealed as well: write access to the store must not be enough to insert another
 * key.
 *
 * @throws {Error} when it was sealed with another key, for another id, or was changed since
 */
export async function openSigningKey({ sequence, kid, sealed }: SigningKeyRecord, sealer: Sealer): Promise<SigningKey> {
  const content: unknown = JSON.parse(await sealer.open(signingKeyPurpose(kid), sealed));
  // Earlier versions had one algorithm, and did not name it.
  const { jwk, signsFrom, algorithm: named = 'EdDSA' } = isJsonObject(content) ? content : {};
  const algorithm = SIGNING_ALGORITHMS.find((known) => known === named);
  const start = typeof signsFrom === 'string' ? parseDateTime(signsFrom) : undefined;
  if (!isJsonObject(jwk) || algorithm === undefined || start === undefined) throw new Error('this is no signing key');
  const publicJwk = publicHalfOf(jwk, algorithm);
  return {
    sequence,
    kid,
    algorithm,
    signsFrom: start,
    publicJwk,
    privateKey: await importKey(jwk, algorithm),
    publicKey: await importKey(publicJwk, algorithm),
  };
}

/** The fields of the public half, and no others: a private one is never published. */
function publicHalfOf({ x, y, n, e, d }: JWK, algorithm: SigningAlgorithm): PublicSigningKey {
  if (d !== undefined) {
    if (algorithm === 'EdDSA' && x !== undefined) return { kty: 'OKP', crv: 'Ed25519', x };
    if (algorithm === 'ES256' && x !== undefined && y !== undefined) return { kty: 'EC', crv: 'P-256', x, y };
    if (algorithm === 'RS256' && n !== undefined && e !== undefined) return { kty: 'RSA', n, e };
  }
  throw new Error('this is no signing key');
}

async function importKey(jwk: JWK, algorithm: SigningAlgorithm): Promise<ImportedKey> {
  const key = await importJWK({ ...jwk }, algorithm);
  if (key instanceof Uint8Array) throw new Error('this is no signing key');
  return key;
}
