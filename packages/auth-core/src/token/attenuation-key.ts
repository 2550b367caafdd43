import { fromHex } from './hex.ts';
import { hmac, importHmacKey } from './hmac.ts';

const encoder = new TextEncoder();

/**
 * The key that proves what is derived from a token: HMAC-SHA-256 with the token's text as the key, 64 hexadecimal
 * digits. The holder of the token can compute it, and the token cannot be recovered from it.
 */
export function attenuationKeyOf(text: string): Promise<string> {
  return sign(encoder.encode(text), 'latchkey attenuation');
}

/**
 * The commitment to the text of a token that names no id: 64 hexadecimal digits that prove nothing. The server computes
 * the id from them.
 */
export function commitmentOf(text: string): Promise<string> {
  return sign(encoder.encode(text), 'latchkey commitment');
}

/**
 * The key of the next link of a chain: HMAC-SHA-256 with the key so far. So any holder can add a caveat, and no caveat
 * can be removed (macaroons: Birgisson et al., NDSS 2014).
 */
export function nextAttenuationKey(key: string, caveat: string): Promise<string> {
  return sign(fromHex(key), caveat);
}

async function sign(bytes: Uint8Array<ArrayBuffer>, text: string): Promise<string> {
  return hmac(await importHmacKey(bytes), text);
}
