import { type HmacKey, hmac, importHmacKey } from '../token/hmac.ts';

/** The HMAC-SHA-256 of each text, as 64 hexadecimal digits. */
export type AuditMac = (texts: readonly string[]) => Promise<readonly string[]>;

/** The part of `node:crypto` (Node, Deno, Bun) that is used here. */
interface SynchronousCrypto {
  createSecretKey(key: Uint8Array): object;
  createHmac(algorithm: 'sha256', key: object): { update(text: string): { digest(encoding: 'hex'): string } };
}

interface Platform {
  readonly process?: { readonly getBuiltinModule?: (name: string) => SynchronousCrypto | undefined };
}

/**
 * Creates the HMAC function, with `node:crypto` where it exists, and with WebCrypto elsewhere. Both give the same
 * result; `node:crypto` avoids a promise for each of up to a million entries.
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
