import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose';
import { parseDateTime } from '../date-time.ts';
import { isJsonObject } from '../schema/json-value.ts';
import type { Sealer } from '../token/sealer.ts';
import type { SigningKeyRecord } from './signing-key-store.ts';

/** How tokens are signed: Ed25519, under the name that JOSE has for it (RFC 8037). */
export const SIGNING_ALGORITHM = 'EdDSA';

/** The public half of a signing key (RFC 8037). */
export interface PublicSigningKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
}

type ImportedKey = Exclude<Awaited<ReturnType<typeof importJWK>>, Uint8Array>;

/** A signing key, ready to be used. */
export interface SigningKey {
  readonly sequence: number;
  readonly kid: string;
  /** Milliseconds since 1970. */
  readonly signsFrom: number;
  readonly publicJwk: PublicSigningKey;
  readonly privateKey: ImportedKey;
  readonly publicKey: ImportedKey;
}

/** Makes a key that begins to sign at a time, as it is stored. */
export async function makeSigningKey(
  sequence: number,
  signsFrom: number,
  now: Date,
  sealer: Sealer,
): Promise<SigningKeyRecord> {
  const { privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true });
  const { x = '', d = '' } = await exportJWK(privateKey);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x, d };
  const kid = await calculateJwkThumbprint(jwk);
  const content = JSON.stringify({ jwk, signsFrom: new Date(signsFrom).toISOString() });
  return { sequence, kid, sealed: await sealer.seal(purposeOf(kid), content), createdAt: now.toISOString() };
}

/**
 * Opens a stored key. The public half is sealed as well: write access to the store must not be enough to insert another
 * key.
 *
 * @throws {Error} when it was sealed with another key, for another id, or was changed since
 */
export async function openSigningKey({ sequence, kid, sealed }: SigningKeyRecord, sealer: Sealer): Promise<SigningKey> {
  const content: unknown = JSON.parse(await sealer.open(purposeOf(kid), sealed));
  const { jwk, signsFrom } = isJsonObject(content) ? content : {};
  const { x, d } = isJsonObject(jwk) ? jwk : {};
  const start = typeof signsFrom === 'string' ? parseDateTime(signsFrom) : undefined;
  if (typeof x !== 'string' || typeof d !== 'string' || start === undefined) throw new Error('this is no signing key');
  const publicJwk = { kty: 'OKP', crv: 'Ed25519', x } as const;
  return {
    sequence,
    kid,
    signsFrom: start,
    publicJwk,
    privateKey: await importEd25519({ ...publicJwk, d }),
    publicKey: await importEd25519(publicJwk),
  };
}

async function importEd25519(jwk: PublicSigningKey & { readonly d?: string }): Promise<ImportedKey> {
  const key = await importJWK({ ...jwk }, SIGNING_ALGORITHM);
  if (key instanceof Uint8Array) throw new Error('this is no signing key');
  return key;
}

function purposeOf(kid: string): string {
  return `signing key ${kid}`;
}
