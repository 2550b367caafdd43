import { toHex } from './hex.ts';

/** A key for {@link hmac}. */
export type HmacKey = Awaited<ReturnType<typeof importHmacKey>>;

/** Imports bytes as a key for HMAC-SHA-256. */
export function importHmacKey(bytes: Uint8Array<ArrayBuffer>) {
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

/** The HMAC-SHA-256 (RFC 2104) of a text in UTF-8, as 64 hexadecimal digits. */
export async function hmac(key: HmacKey, text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(text))));
}
