/** Hashes a text at once, without a promise. */
export type TextHash = (text: string) => string;

/**
 * SHA-256 from the platform, where it has one that answers at once. WebCrypto's takes a promise and a thread each
 * time; without a faster one, nothing is kept warm.
 */
export function findTextHash(): TextHash | undefined {
  const { hash } = globalThis.process?.getBuiltinModule?.('node:crypto') ?? {};
  return hash && ((text) => hash('sha256', text, 'base64'));
}
