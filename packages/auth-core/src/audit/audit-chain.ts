import { canonicalJson } from '../schema/canonical-json.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { deriveKey } from '../token/derive-key.ts';
import { constantTimeEqual } from '../token/digest.ts';
import type { AuditActor, AuditEvent } from './audit-event.ts';
import { type AuditMac, createAuditMac } from './audit-mac.ts';
import type { AuditBatch, AuditCheckpoint, AuditEntry, AuditHead, SealedAuditHead } from './audit-store.ts';

/** An event, with the time at which it was handed to the log. */
export interface StampedEvent {
  readonly at: string;
  readonly event: AuditEvent;
}

/** The two ends of a log: the last entry that was trimmed, and the last entry of all. */
export interface AuditEnds {
  readonly start: AuditHead;
  readonly head: AuditHead;
}

/** The start of a log that was never trimmed, and the head of an empty log. */
export const FIRST_HEAD: AuditHead = { seq: 0, hash: '0'.repeat(64) };

/** Each entry whose number is a multiple of this gets a checkpoint. */
export const CHECKPOINT_ENTRIES = 10_000;

/** Binds entries to one another with a key that the store does not know. */
export interface AuditChain {
  /** Makes entries from events, each bound to the one before it, and the new head. */
  extend(ends: AuditEnds, events: readonly StampedEvent[]): Promise<AuditBatch>;
  /** Returns for each entry whether it is exactly as it was made with this key. */
  fit(entries: readonly AuditEntry[]): Promise<readonly boolean[]>;
  /** The ends that a sealed head records; undefined when it was not sealed with this key. */
  openHead(sealed: SealedAuditHead | undefined): Promise<AuditEnds | undefined>;
  /** Whether the checkpoint was made with this key. */
  isGenuine(checkpoint: AuditCheckpoint): Promise<boolean>;
  /** A digest of a JSON value, as 64 hexadecimal digits. Without the key, a guess cannot be tested against it. */
  digest(value: unknown): Promise<string>;
}

const KEY_BYTES = 32;

/**
 * Creates a chain with HMAC-SHA-256 (RFC 2104); its key is derived from the given one.
 *
 * The authenticated text is a word for the purpose, a line feed, and the content:
 *
 * - `entry`: the canonical JSON of the entry without `hash`; `previousHash` is a part of it
 * - `head`: the canonical JSON of the head without `seal`; `start` is a part of it, where there is one
 * - `checkpoint`: the canonical JSON of the checkpoint without `seal`
 * - `digest`: the canonical JSON of the value
 *
 * @throws {TypeError} when the key has fewer than 32 bytes
 */
export function createAuditChain(key: Uint8Array): AuditChain {
  if (!(key instanceof Uint8Array)) throw new TypeError('the key of an audit log must be a Uint8Array, and no text');
  if (key.length < KEY_BYTES) throw new TypeError(`the key of an audit log must have at least ${KEY_BYTES} bytes`);
  const bytes = Uint8Array.from(key);
  let created: Promise<AuditMac> | undefined;

  async function createMac(): Promise<AuditMac> {
    return createAuditMac(await deriveKey(bytes, 'audit'));
  }

  function openMac(): Promise<AuditMac> {
    created ??= createMac();
    return created;
  }

  async function sign(purpose: string, value: unknown): Promise<string> {
    const mac = await openMac();
    const [hash = ''] = await mac([toText(purpose, value)]);
    return hash;
  }

  return {
    async extend({ start, head }, events) {
      const entries: AuditEntry[] = [];
      let checkpoint: AuditCheckpoint | undefined;
      let { seq, hash } = head;
      for (const { at, event } of events) {
        const bound = { seq: seq + 1, at, ...event, previousHash: hash };
        seq = bound.seq;
        hash = await sign('entry', bound);
        entries.push({ ...bound, hash });
        if (seq % CHECKPOINT_ENTRIES === 0) {
          checkpoint = { seq, hash, seal: await sign('checkpoint', { seq, hash }) };
        }
      }
      const end = { seq, hash, ...(start.seq > 0 && { start }) };
      return {
        entries,
        head: { ...end, seal: await sign('head', end) },
        ...(checkpoint !== undefined && { checkpoint }),
      };
    },
    async fit(entries) {
      const mac = await openMac();
      const hashes = await mac(entries.map((entry) => toText('entry', withoutHash(entry))));
      return entries.map(({ hash }, index) => isEqual(hashes[index] ?? '', hash));
    },
    async openHead(sealed) {
      if (sealed === undefined) return { start: FIRST_HEAD, head: FIRST_HEAD };
      const { seq, hash, start, seal } = sealed;
      if (!isEqual(await sign('head', { seq, hash, start }), seal)) return undefined;
      return { start: start ?? FIRST_HEAD, head: { seq, hash } };
    },
    isGenuine: async ({ seq, hash, seal }) => isEqual(await sign('checkpoint', { seq, hash }), seal),
    digest: (value) => sign('digest', value),
  };
}

function toText(purpose: string, value: unknown): string {
  return `${purpose}\n${canonicalJson(value)}`;
}

/**
 * The fields in the order of canonical JSON, which saves sorting them for each of up to a million entries. An entry
 * with other fields, as a changed export may have, stays as it is, so that an added field is not overlooked.
 */
function withoutHash(entry: AuditEntry): object {
  const { actor, at, details, previousHash, project, seq, subject, type } = entry;
  for (const field in entry) if (!ENTRY_FIELDS.has(field)) return { ...entry, hash: undefined };
  return { actor: inOrder(actor), at, details, previousHash, project, seq, subject, type };
}

function inOrder(actor: AuditActor): unknown {
  if (!isJsonObject(actor)) return actor;
  for (const field in actor) if (!ACTOR_FIELDS.has(field)) return actor;
  const { address, id, name, owner, rootId } = actor;
  return { address, id, name, owner, rootId };
}

const ENTRY_FIELDS: ReadonlySet<string> = new Set<keyof AuditEntry>([
  'actor',
  'at',
  'details',
  'hash',
  'previousHash',
  'project',
  'seq',
  'subject',
  'type',
]);
const ACTOR_FIELDS: ReadonlySet<string> = new Set<keyof AuditActor>(['address', 'id', 'name', 'owner', 'rootId']);

/** A value from a store may have been changed to any type, for example to a number or to bytes. */
function isEqual(expected: string, stored: unknown): boolean {
  return typeof stored === 'string' && constantTimeEqual(expected, stored);
}
