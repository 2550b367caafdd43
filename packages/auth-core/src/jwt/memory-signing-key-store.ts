import type { SigningKeyRecord, SigningKeyStore } from './signing-key-store.ts';

/**
 * Keeps signing keys in memory, for tests and for servers that forget on purpose. The reference for what a store does.
 *
 * @example
 * ```ts
 * import { createSealer } from '@latchkey/auth-core';
 * import { createMemorySigningKeyStore, createSigningKeys } from '@latchkey/auth-core/jwt';
 *
 * const sealer = createSealer(crypto.getRandomValues(new Uint8Array(32)));
 * const keys = createSigningKeys({ store: createMemorySigningKeyStore(), sealer });
 * console.log((await keys.jwks()).keys.length); // 1
 * ```
 */
export function createMemorySigningKeyStore(): SigningKeyStore {
  const records = new Map<number, SigningKeyRecord>();
  let closed = false;

  function open(): Map<number, SigningKeyRecord> {
    if (closed) throw new Error('the signing key store is closed');
    return records;
  }

  return {
    async list() {
      return [...open().values()]
        .sort((left, right) => left.sequence - right.sequence)
        .map((record) => ({ ...record }));
    },
    async insert(record) {
      if (open().has(record.sequence)) return false;
      records.set(record.sequence, { ...record });
      return true;
    },
    async update({ sequence, kid, sealed }) {
      const current = open().get(sequence);
      if (current?.kid !== kid) return false;
      records.set(sequence, { ...current, sealed });
      return true;
    },
    async remove(sequences) {
      const keys = open();
      for (const sequence of sequences) keys.delete(sequence);
    },
    async close() {
      closed = true;
      records.clear();
    },
  };
}
