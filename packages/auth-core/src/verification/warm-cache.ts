import type { Principal } from '../principal.ts';
import type { TokenKind } from '../token/token-format.ts';
import { createDropLog } from './drop-log.ts';
import { findTextHash, type TextHash } from './text-hash.ts';

/** A text that was verified. */
export interface WarmEntry {
  /** Every id whose revocation ends it. */
  readonly chain: readonly string[];
  /** The stored tokens whose last-used time changes with its use. */
  readonly tokens: readonly string[];
  /** The kinds of these tokens and its own; each must be enabled. */
  readonly kinds: readonly TokenKind[];
  /** Already resolved; kept as a promise so that returning it allocates nothing. */
  readonly principal: Promise<Principal>;
  readonly readAt: number;
  readonly endsAt: number;
}

/**
 * Caches for a short time which presented texts were verified. The key is the digest of the whole text, so tokens with
 * the same beginning have different entries. Times are milliseconds since 1970.
 */
export interface WarmCache {
  /** The entry of a text that was verified recently enough. */
  find(text: string, now: number): WarmEntry | undefined;
  /** The principal that presented the text within the last minute, if it was not dropped since and has not expired. */
  recall(text: string, now: number): Promise<Principal> | undefined;
  /** The principals of the last minute that the revocation of an id ends. */
  recallChain(id: string, now: number): readonly Promise<Principal>[];
  /** A mark of the present state, for `remember`. */
  mark(): number;
  /** Adds an entry, unless what it comes from was dropped since the mark: what was read before then may be outdated. */
  remember(text: string, entry: WarmEntry, mark: number): void;
  /** Removes every entry that an id ends; returns whether there was one. */
  drop(id: string): boolean;
}

const CAPACITY = 10_000;
/** How many drops are known one by one. */
const KNOWN_DROPS = 10_000;
/** How long an entry can be recalled while the store does not answer. */
const RECALL_MILLISECONDS = 60_000;

/** Creates a cache whose entries are valid for a number of milliseconds; without a hash it caches nothing. */
export function createWarmCache(
  milliseconds: number,
  hash: TextHash | undefined = findTextHash(),
  capacity = CAPACITY,
): WarmCache {
  const entries = new Map<string, WarmEntry>();
  /** The keys of the entries that an id ends: looking through all entries would take too long for many revocations. */
  const keysOf = new Map<string, Set<string>>();
  const drops = createDropLog(KNOWN_DROPS);

  function isWithin({ readAt, endsAt }: WarmEntry, now: number, limit: number): boolean {
    const age = now - readAt;
    // After the clock was set back, the entry's age is unknown.
    return age >= 0 && age < limit && now < endsAt;
  }

  function findWithin(text: string, now: number, limit: number): WarmEntry | undefined {
    const entry = hash && entries.get(hash(text));
    return entry !== undefined && isWithin(entry, now, limit) ? entry : undefined;
  }

  function add(key: string, entry: WarmEntry): void {
    remove(key);
    entries.set(key, entry);
    for (const id of entry.chain) {
      const keys = keysOf.get(id) ?? new Set();
      keysOf.set(id, keys.add(key));
    }
  }

  function remove(key: string): void {
    const entry = entries.get(key);
    entries.delete(key);
    for (const id of entry?.chain ?? []) {
      const keys = keysOf.get(id);
      keys?.delete(key);
      if (keys?.size === 0) keysOf.delete(id);
    }
  }

  return {
    find: (text, now) => findWithin(text, now, milliseconds),
    recall: (text, now) => findWithin(text, now, RECALL_MILLISECONDS)?.principal,
    recallChain: (id, now) =>
      [...entries.values()]
        .filter((entry) => entry.chain.includes(id) && isWithin(entry, now, RECALL_MILLISECONDS))
        .map(({ principal }) => principal),
    mark: drops.mark,
    remember(text, entry, mark) {
      if (hash === undefined || entry.chain.some((id) => drops.isSince(id, mark))) return;
      const key = hash(text);
      add(key, entry);
      if (entries.size <= capacity) return;
      const [oldest = key] = entries.keys();
      remove(oldest);
    },
    drop(id) {
      drops.note(id);
      const keys = keysOf.get(id);
      for (const key of [...(keys ?? [])]) remove(key);
      return keys !== undefined;
    },
  };
}
