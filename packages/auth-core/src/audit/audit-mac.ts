import { type HmacKey, hmac, importHmacKey } from '../token/hmac.ts';

/** The HMAC-SHA-256 of each text, as 64 hexadecimal digits. */
export type AuditMac = (texts: readonly string[]) => Promise<readonly string[]>;

/** What is used of `node:crypto`, which Node, Deno and Bun have. */
interface SynchronousCrypto {
  createSecretKey(key: Uint8Array): object;
  createHmac(algorithm: 'sha256', key: object): { update(text: string): { digest(encoding: 'hex'): string } };
}

interface Platform {
  readonly process?: { readonly getBuiltinModule?: (name: string) => SynchronousCrypto | undefined };
}

/**
 * Creates it, by `node:crypto` where there is one, and by WebCrypto elsewhere. Both give the same; the one does without a
 * promise for each of a million entries.
 */
export async function createAuditMac(key: Uint8Array<ArrayBuffer>): Promise<AuditMac> {
  const crypto = (globalThis as Platform).process?.getBuiltinModule?.('node:crypto');
  if (crypto !== undefined) {
    // Made once: it takes several times as long as the HMAC itself.
    const secret = crypto.createSecretKey(key);
    return async (texts) => texts.map((text) => crypto.createHmac('sha256', secret).update(text).digest('hex'));
  }
  const imported: HmacKey = await importHmacKey(key);
  return (texts) => Promise.all(texts.map((text) => hmac(imported, text)));
}
