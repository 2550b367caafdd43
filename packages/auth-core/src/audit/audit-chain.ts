import { canonicalJson } from '../schema/canonical-json.ts';
import { deriveKey } from '../token/derive-key.ts';
import { constantTimeEqual } from '../token/digest.ts';
import { type HmacKey, hmac, importHmacKey } from '../token/hmac.ts';
import type { AuditEvent } from './audit-event.ts';
import type { AuditBatch, AuditEntry, AuditHead, SealedAuditHead } from './audit-store.ts';

/** An event, and when it was handed to the log. */
export interface StampedEvent {
  readonly at: string;
  readonly event: AuditEvent;
}

/** Where a log begins. */
export const FIRST_HEAD: AuditHead = { seq: 0, hash: '0'.repeat(64) };

/** Binds entries to one another with a key that the store does not know. */
export interface AuditChain {
  /** Makes entries of events, each bound to the one before it, and the head that they make. */
  extend(head: AuditHead, events: readonly StampedEvent[]): Promise<AuditBatch>;
  /** Says whether the entry is, to the last character, one that was made with this key. */
  fits(entry: AuditEntry): Promise<boolean>;
  /** The head without its seal; undefined when it was not sealed with this key. */
  openHead(sealed: SealedAuditHead | undefined): Promise<AuditHead | undefined>;
  /** A digest of a JSON value, as 64 hexadecimal digits. Without the key nobody can try guesses against it. */
  digest(value: unknown): Promise<string>;
}

const KEY_BYTES = 32;

/**
 * Creates a chain with HMAC-SHA-256 (RFC 2104) through WebCrypto; its key is derived from the one given.
 *
 * What is authenticated is a word that says what it is for, a line feed, and the thing itself:
 *
 * - `entry`: the canonical JSON of the entry without `hash`; `previousHash` is a part of it
 * - `head`: the canonical JSON of the head without `seal`
 * - `digest`: the canonical JSON of the value
 *
 * @throws {TypeError} when the key has fewer than 32 bytes
 */
export function createAuditChain(key: Uint8Array): AuditChain {
  if (!(key instanceof Uint8Array)) throw new TypeError('the key of an audit log must be a Uint8Array, and no text');
  if (key.length < KEY_BYTES) throw new TypeError(`the key of an audit log must have at least ${KEY_BYTES} bytes`);
  const bytes = Uint8Array.from(key);
  let imported: Promise<HmacKey> | undefined;

  async function importKey() {
    return importHmacKey(await deriveKey(bytes, 'audit'));
  }

  async function sign(purpose: string, value: unknown): Promise<string> {
    imported ??= importKey();
    return hmac(await imported, `${purpose}\n${canonicalJson(value)}`);
  }

  return {
    async extend(head, events) {
      const entries: AuditEntry[] = [];
      let { seq, hash } = head;
      for (const { at, event } of events) {
        const bound = { seq: seq + 1, at, ...event, previousHash: hash };
        seq = bound.seq;
        hash = await sign('entry', bound);
        entries.push({ ...bound, hash });
      }
      return { entries, head: { seq, hash, seal: await sign('head', { seq, hash }) } };
    },
    async fits({ hash, ...bound }) {
      return isEqual(await sign('entry', bound), hash);
    },
    async openHead(sealed) {
      if (sealed === undefined) return FIRST_HEAD;
      const { seq, hash, seal } = sealed;
      return isEqual(await sign('head', { seq, hash }), seal) ? { seq, hash } : undefined;
    },
    digest: (value) => sign('digest', value),
  };
}

/** What a store holds may have been changed into anything, texts into numbers or bytes too. */
function isEqual(expected: string, stored: unknown): boolean {
  return typeof stored === 'string' && constantTimeEqual(expected, stored);
}
