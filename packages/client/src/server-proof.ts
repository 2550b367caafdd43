import { fieldsOf } from './json.ts';
import { nodeModule } from './node-modules.ts';
import { readBody } from './read-body.ts';

/** The result of asking a server for its identity. */
export type ServerAnswer =
  | { readonly type: 'proven'; readonly key: string }
  /** Something answers, but does not prove that it is a server with that address. */
  | { readonly type: 'unproven' }
  | { readonly type: 'unreachable'; readonly cause: unknown };

export interface AskServerOptions {
  /** Sends the question; `globalThis.fetch` by default. */
  readonly fetch?: typeof globalThis.fetch;
  readonly signal?: AbortSignal;
}

const PATIENCE_MILLISECONDS = 5000;
/** The listener may be any program, and its answer may never end. */
const ANSWER_BYTES = 16_384;

/**
 * The message that a server signs: a fresh nonce and the address that it was asked at. So a relayed answer of another
 * server is an answer for another address.
 *
 * @example
 * ```ts
 * import { serverProofMessage } from '@latchkey/client';
 *
 * const signed = serverProofMessage('a-nonce-of-32-characters-or-more', '127.0.0.1:1234');
 * console.log(signed.length);
 * ```
 */
export const serverProofMessage = (nonce: string, host: string): Uint8Array =>
  new TextEncoder().encode(`latchkey server proof 1\n${nonce}\n${host}`);

/**
 * Asks the server at a URL to prove that it is a Latchkey server with that address, and returns the key of the proof.
 * It sends no token. Compare the key with the known one; on first contact, keep it.
 *
 * @example
 * ```ts
 * import { askServer } from '@latchkey/client';
 *
 * const answer = await askServer('https://models.example.com');
 * if (answer.type === 'proven') console.log(answer.key);
 * ```
 */
export async function askServer(url: string, options: AskServerOptions = {}): Promise<ServerAnswer> {
  const { fetch = globalThis.fetch, signal = AbortSignal.timeout(PATIENCE_MILLISECONDS) } = options;
  const { host } = new URL(url);
  const nonce = nodeModule('node:crypto').randomBytes(32).toString('base64url');
  let body: unknown;
  try {
    const response = await fetch(`${url}/health?${new URLSearchParams({ nonce, host })}`, {
      signal,
      redirect: 'manual',
    });
    const { text } = await readBody(response, { bytes: ANSWER_BYTES, milliseconds: PATIENCE_MILLISECONDS }, signal);
    body = parseJson(text);
  } catch (cause) {
    return { type: 'unreachable', cause };
  }
  const { key, signature } = fieldsOf(fieldsOf(body).proof);
  if (typeof key !== 'string' || typeof signature !== 'string') return { type: 'unproven' };
  return isSignature(key, signature, serverProofMessage(nonce, host)) ? { type: 'proven', key } : { type: 'unproven' };
}

/** Text that is not JSON proves nothing. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isSignature(key: string, signature: string, message: Uint8Array): boolean {
  try {
    const { createPublicKey, verify } = nodeModule('node:crypto');
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' });
    return verify(null, message, publicKey, Buffer.from(signature, 'base64url'));
  } catch {
    return false;
  }
}
