import { canonicalJson } from '../schema/canonical-json.ts';
import { isJsonObject } from '../schema/json-value.ts';
import { deriveKey } from '../token/derive-key.ts';
import { constantTimeEqual } from '../token/digest.ts';
import { fromHex, toHex } from '../token/hex.ts';
import { type KeyRing, type RingKey, readKeyRing, splitKeyId } from '../token/key-ring.ts';
import { systemRandom } from '../token/random.ts';
import { createRingSealer } from '../token/sealer.ts';
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
  /**
   * Takes the retired keys from the last anchor among these entries that was made with a key of the ring: entries up to
   * their ends are then verified with them.
   */
  readAnchors(entries: readonly AuditEntry[]): Promise<void>;
  /** The details of an anchor after an entry: its place, and the sealed keys of the entries up to it. */
  anchorAt(head: AuditHead): Promise<NonNullable<AuditEvent['details']>>;
  /** A digest of a JSON value, as 64 hexadecimal digits. Without the key, a guess cannot be tested against it. */
  digest(value: unknown): Promise<string>;
}

/** The type of an entry after which former keys are not needed: it commits to all entries before it. */
export const ANCHORED = 'audit.anchored';

/** A key that entries can be verified with: those up to a number. */
interface ReadingKey {
  readonly id: string;
  readonly through: number;
  readonly mac: AuditMac;
}

/** A key that was dropped from the ring: what is derived of it can only verify entries up to the anchor. */
interface RetiredKey extends ReadingKey {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

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
 * An entry names its key, which is a part of it; a seal begins with the id of its key and `:`. Each hash is bound into the
 * next entry, so an entry under a newer key vouches for all entries before it, even when the key of those has leaked.
 *
 * @throws {TypeError} when a key has fewer than 32 bytes, or there are more than four
 */
export function createAuditChain(key: KeyRing): AuditChain {
  const keys = readKeyRing(key, 'the key of an audit log');
  const [current, ...former] = keys;
  const sealer = createRingSealer(keys, systemRandom);
  const opened = new Map<RingKey, Promise<ReadingKey>>();
  let retired: readonly RetiredKey[] = [];

  async function openKey(ringKey: RingKey): Promise<ReadingKey> {
    const mac = await createAuditMac(await deriveKey(ringKey.bytes, 'audit'));
    return { id: await ringKey.id(), through: Number.POSITIVE_INFINITY, mac };
  }

  function open(ringKey: RingKey): Promise<ReadingKey> {
    const opening = opened.get(ringKey) ?? openKey(ringKey);
    opened.set(ringKey, opening);
    return opening;
  }

  const openRing = (): Promise<readonly ReadingKey[]> => Promise.all(keys.map(open));

  async function sign(purpose: string, value: unknown, by?: ReadingKey): Promise<string> {
    const { mac } = by ?? (await open(current));
    const [hash = ''] = await mac([toText(purpose, value)]);
    return hash;
  }

  async function seal(purpose: string, value: unknown): Promise<string> {
    return `${await current.id()}:${await sign(purpose, value)}`;
  }

  /** Whether one of the keys has sealed the value: the named one, or, where none is named, any. */
  async function isSealed(
    purpose: string,
    value: AuditHead,
    sealed: unknown,
    readers: readonly ReadingKey[],
  ): Promise<boolean> {
    const { keyId, rest } = splitKeyId(`${sealed}`);
    for (const reader of readers) {
      if ((keyId ?? reader.id) !== reader.id || value.seq > reader.through) continue;
      if (isEqual(await sign(purpose, value, reader), rest)) return true;
    }
    return false;
  }

  async function fitWith(entries: readonly AuditEntry[], readers: readonly ReadingKey[]): Promise<readonly boolean[]> {
    const fitting = entries.map(() => false);
    for (const { id, through, mac } of readers) {
      const own = [...entries.entries()].filter(
        ([index, { seq, keyId = id }]) => !fitting[index] && keyId === id && seq <= through,
      );
      const hashes = await mac(own.map(([, entry]) => toText('entry', withoutHash(entry))));
      for (const [place, [index, { hash }]] of own.entries()) fitting[index] = isEqual(hashes[place] ?? '', hash);
    }
    return fitting;
  }

  /** Most entries without a name are of the oldest key. */
  const openReaders = async (): Promise<readonly ReadingKey[]> => [...retired, ...(await openRing()).toReversed()];

  return {
    async extend({ start, head }, events) {
      const entries: AuditEntry[] = [];
      let checkpoint: AuditCheckpoint | undefined;
      let { seq, hash } = head;
      const keyId = await current.id();
      for (const { at, event } of events) {
        const bound = { seq: seq + 1, at, ...event, keyId, previousHash: hash };
        seq = bound.seq;
        hash = await sign('entry', bound);
        entries.push({ ...bound, hash });
        if (seq % CHECKPOINT_ENTRIES === 0) {
          checkpoint = { seq, hash, seal: await seal('checkpoint', { seq, hash }) };
        }
      }
      const end = { seq, hash, ...(start.seq > 0 && { start }) };
      return {
        entries,
        head: { ...end, seal: await seal('head', end) },
        ...(checkpoint !== undefined && { checkpoint }),
      };
    },
    fit: async (entries) => fitWith(entries, await openReaders()),
    async openHead(sealed) {
      if (sealed === undefined) return { start: FIRST_HEAD, head: FIRST_HEAD };
      const { seq, hash, start, seal: own } = sealed;
      if (!(await isSealed('head', { seq, hash, ...(start && { start }) }, own, await openRing()))) return undefined;
      return { start: start ?? FIRST_HEAD, head: { seq, hash } };
    },
    isGenuine: async ({ seq, hash, seal: own }) => isSealed('checkpoint', { seq, hash }, own, await openReaders()),
    async readAnchors(entries) {
      const ring = await openRing();
      const anchors = entries.filter(({ type }) => type === ANCHORED);
      const genuine = await fitWith(anchors, ring);
      const details = anchors.findLast((_, index) => genuine[index])?.details ?? {};
      const dropped = readAnchorKeys(details.keys).filter(({ id }) => !ring.some((known) => known.id === id));
      retired = await Promise.all(
        dropped.map(async ({ id, through, sealed }) => {
          const bytes = fromHex(await sealer.open(purposeOf(id), sealed));
          return { id, through, bytes, mac: await createAuditMac(bytes) };
        }),
      );
    },
    async anchorAt({ seq, hash }) {
      const dropped = await Promise.all(
        former.map(async (key) => ({ id: await key.id(), through: seq, bytes: await deriveKey(key.bytes, 'audit') })),
      );
      const sealed = [...retired, ...dropped].map(async ({ id, through, bytes }) => ({
        id,
        through,
        sealed: await sealer.seal(purposeOf(id), toHex(bytes)),
      }));
      return { through: seq, hash, keys: await Promise.all(sealed) };
    },
    digest: (value) => sign('digest', value),
  };
}

const purposeOf = (id: string): string => `audit key ${id}`;

/** The sealed keys of an anchor. Its entry was verified, so it is as the log wrote it. */
function readAnchorKeys(keys: unknown): readonly { id: string; through: number; sealed: string }[] {
  return Array.isArray(keys) ? keys : [];
}

function toText(purpose: string, value: unknown): string {
  return `${purpose}\n${canonicalJson(value)}`;
}

/**
 * The fields in the order of canonical JSON, which saves sorting them for each of up to a million entries. An entry
 * with other fields, as a changed export may have, stays as it is, so that an added field is not overlooked.
 */
function withoutHash(entry: AuditEntry): object {
  const { actor, at, details, keyId, previousHash, project, seq, subject, type } = entry;
  for (const field in entry) if (!ENTRY_FIELDS.has(field)) return { ...entry, hash: undefined };
  return { actor: inOrder(actor), at, details, keyId, previousHash, project, seq, subject, type };
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
  'keyId',
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
