import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** What a command asks the server on its data folder for. */
export type OperatorRequest =
  | { readonly act: 'recover' }
  | { readonly act: 'snapshot' }
  | { readonly act: 'secrets' }
  | { readonly act: 'drop'; readonly force: boolean }
  | { readonly act: 'trim'; readonly before?: string | undefined; readonly keep?: number | undefined };

/** A request, and the proof that it comes from a process that can read the secret of the installation. */
export interface SealedRequest {
  /** The JSON of the request, as it was signed. */
  readonly text: string;
  readonly proof: string;
}

/** How far the clocks of a command and its server may differ: they are on one machine. */
const WINDOW_MILLISECONDS = 60_000;

/**
 * Seals a request for one run of a server. A process that can read the secret of the folder acts for its operator, as it could
 * open the database itself.
 *
 * @param run the `run` that `server.json` names: a copied request is worth nothing to another server, or after a restart
 */
export function sealOperatorRequest(
  secret: Uint8Array,
  run: string,
  request: OperatorRequest,
  now: Date = new Date(),
): SealedRequest {
  const nonce = randomBytes(16).toString('base64url');
  const text = JSON.stringify({ run, nonce, at: now.getTime(), request });
  return { text, proof: sign(secret, text).toString('base64url') };
}

/** Opens requests that were sealed for this run of the server, each once; undefined for any other. */
export function createRequestOpener(
  secret: Uint8Array,
  run: string,
  clock: () => Date,
): (sealed: SealedRequest) => unknown {
  const used = new Map<string, number>();
  return ({ text, proof }) => {
    const [own, given] = [sign(secret, text), Buffer.from(proof, 'base64url')];
    if (own.length !== given.length || !timingSafeEqual(own, given)) return undefined;
    // Only a caller with the secret gets here, so that no other can fill the list.
    const { run: of, nonce, at, request } = JSON.parse(text) as Record<string, unknown>;
    const now = clock().getTime();
    if (of !== run || typeof nonce !== 'string' || typeof at !== 'number') return undefined;
    if (Math.abs(now - at) > WINDOW_MILLISECONDS || used.has(nonce)) return undefined;
    for (const [old, until] of used) if (until < now) used.delete(old);
    used.set(nonce, at + WINDOW_MILLISECONDS);
    return request;
  };
}

/** Names a run of a server. */
export const newRun = (): string => randomBytes(16).toString('base64url');

/** The key is another one than any that the secret is used for elsewhere. */
function sign(secret: Uint8Array, text: string): Buffer {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'latchkey operator request', 32));
  return createHmac('sha256', key).update(text).digest();
}
