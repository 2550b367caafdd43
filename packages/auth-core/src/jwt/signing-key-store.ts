/** What is stored of a signing key. The key itself, and when it begins to sign, are sealed. */
export interface SigningKeyRecord {
  /** 1 for the first key, and one more for each one after it. */
  readonly sequence: number;
  /** The key's id: its thumbprint (RFC 7638). */
  readonly kid: string;
  readonly sealed: string;
  /** RFC 3339 in UTC. */
  readonly createdAt: string;
}

/** What seals a signing key. */
export function signingKeyPurpose(kid: string): string {
  return `signing key ${kid}`;
}

/**
 * SEAM: where signing keys live, for all processes that issue tokens under one name.
 * `@latchkey/auth-core/testing` has the contract that an implementation must meet.
 *
 * What a store returns is its own copy. A method that cannot do its work rejects; it never answers with less.
 */
export interface SigningKeyStore {
  /**
   * The database of its transactions, where other stores can pass it one of theirs: `list`, `insert` and `remove` then
   * work in that `transaction`.
   */
  readonly database?: object;
  /** The keys, the oldest first, as the last completed write of any process left them. */
  list(transaction?: unknown): Promise<SigningKeyRecord[]>;
  /**
   * Adds a key and returns true; returns false and changes nothing when there is one with this sequence. Of two
   * processes that add the next key at once, only one succeeds.
   */
  insert(record: SigningKeyRecord, transaction?: unknown): Promise<boolean>;
  /**
   * Replaces what is sealed of the key that has this sequence and kid, and returns true; returns false and changes
   * nothing when there is none. A store without it cannot move its keys to another digest key.
   */
  update?(record: SigningKeyRecord): Promise<boolean>;
  /** Removes the keys with these sequences permanently, all or none; ignores sequences that do not exist. */
  remove(sequences: readonly number[], transaction?: unknown): Promise<void>;
  /** Releases the store's own resources. Every later call rejects. */
  close(): Promise<void>;
}
