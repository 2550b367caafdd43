const KEY_BYTES = 32;
const NO_SALT = new Uint8Array();

/**
 * Derives a key of 32 bytes for one purpose from a master key (HKDF with SHA-256, RFC 5869). One derived key reveals
 * nothing about the others.
 */
export async function deriveKey(key: Uint8Array, purpose: string): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey('raw', Uint8Array.from(key), 'HKDF', false, ['deriveBits']);
  const info = new TextEncoder().encode(`latchkey ${purpose}`);
  const bits = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: NO_SALT, info },
    imported,
    KEY_BYTES * 8,
  );
  return new Uint8Array(bits);
}
