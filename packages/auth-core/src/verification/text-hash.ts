/** Hashes a text synchronously. */
export type TextHash = (text: string) => string;

/**
 * The platform's synchronous SHA-256, where there is one. WebCrypto needs a promise and a thread for each hash, which
 * is too slow; without a synchronous hash nothing is cached.
 */
export function findTextHash(): TextHash | undefined {
  const { hash } = globalThis.process?.getBuiltinModule?.('node:crypto') ?? {};
  return hash && ((text) => hash('sha256', text, 'base64'));
}
