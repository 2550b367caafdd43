import { createCustomKeyFormat } from '@latchkey/auth-core';
import { type ComputedHash, createImportedKeyFormat, type ImportedKeyFormat } from '@latchkey/auth-core/import';
import { llm } from '@latchkey/auth-core/llm';
import { OperatorError } from '../contracts/operator-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The HMAC key of an earlier system, as `LATCHKEY_EARLIER_HMAC_KEY` gives it. */
export type EarlierHmacKey = Uint8Array | undefined;

/**
 * The key of `LATCHKEY_EARLIER_HMAC_KEY`: the text itself, or what follows `hex:` or `base64:`.
 *
 * @throws {OperatorError} `invalid_configuration` when what follows is not that
 */
export function givenEarlierHmacKey({ LATCHKEY_EARLIER_HMAC_KEY: given = '' }: Environment): EarlierHmacKey {
  if (given === '') return undefined;
  const [, encoding, text = ''] = /^(hex|base64):(.*)$/s.exec(given.trim()) ?? [];
  if (encoding === undefined) return new TextEncoder().encode(given);
  const shape = encoding === 'hex' ? /^(?:[0-9a-f]{2})+$/i : /^[A-Za-z0-9+/_-]+={0,2}$/;
  if (shape.test(text)) return new Uint8Array(Buffer.from(text, encoding as BufferEncoding));
  throw new OperatorError(
    'invalid_configuration',
    `LATCHKEY_EARLIER_HMAC_KEY: what follows '${encoding}:' is not ${encoding}. A key that is a text is given as it is.`,
  );
}

/** The hashes of an earlier system that a key can be imported by. */
export const EARLIER_HASHES = ['sha256', 'hmac-sha256'] as const;

export type EarlierHashName = (typeof EARLIER_HASHES)[number];

/** Custom keys, of which those of an earlier system may be known by hash only. */
export interface EarlierKeys {
  readonly format: ImportedKeyFormat;
  /** The hashes that this installation can compute. */
  readonly hashes: readonly EarlierHashName[];
}

/** Creates the format of custom keys: by text, by SHA-256, and by HMAC-SHA-256 where there is a key. */
export function createEarlierKeys(hmacSha256: EarlierHmacKey): EarlierKeys {
  const others = createCustomKeyFormat(llm);
  const keyed: readonly ComputedHash[] = hmacSha256 === undefined ? [] : [{ hmacSha256 }];
  const format = createImportedKeyFormat({
    hash: ['sha256', ...keyed],
    parse: (text) => others.parse(text),
    others,
  });
  return { format, hashes: EARLIER_HASHES.slice(0, 1 + keyed.length) };
}
