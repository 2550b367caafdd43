/** SEAM: where the texts about persons are kept that an audit log names by pseudonyms. */
export interface PersonStore {
  /** The database of its transactions, if callers can pass their own. */
  readonly database?: object;
  /**
   * The pseudonym of a text about an owner: the one that is stored, or else the proposed one, which is stored then. Two
   * calls at once get the same one. Within the `transaction`, if one of its database is passed.
   */
  pseudonymOf(owner: string, text: string, proposed: string, transaction?: unknown): Promise<string>;
  /** The texts of those of the pseudonyms that are stored. */
  textsOf(pseudonyms: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Deletes all texts about an owner. */
  forget(owner: string): Promise<void>;
}

/**
 * Keeps the texts in memory, for tests and for servers that keep their audit log there.
 *
 * @example
 * ```ts
 * import { createMemoryPersonStore } from '@latchkey/auth-core/erasure';
 *
 * const store = createMemoryPersonStore();
 * console.log(await store.pseudonymOf('ada', 'ada@example.com', 'person-1')); // person-1
 * console.log(await store.pseudonymOf('ada', 'ada@example.com', 'person-2')); // person-1
 * ```
 */
export function createMemoryPersonStore(): PersonStore {
  const owners = new Map<string, Map<string, string>>();
  return {
    async pseudonymOf(owner, text, proposed) {
      const texts = owners.get(owner) ?? new Map<string, string>();
      owners.set(owner, texts);
      const pseudonym = texts.get(text) ?? proposed;
      texts.set(text, pseudonym);
      return pseudonym;
    },
    async textsOf(pseudonyms) {
      const asked = new Set(pseudonyms);
      const known = [...owners.values()].flatMap((texts) => [...texts]);
      return new Map(
        known.filter(([, pseudonym]) => asked.has(pseudonym)).map(([text, pseudonym]) => [pseudonym, text]),
      );
    },
    async forget(owner) {
      owners.delete(owner);
    },
  };
}
