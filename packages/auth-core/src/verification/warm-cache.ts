import type { Principal } from '../principal.ts';
import type { TokenKind } from '../token/token-format.ts';
import { findTextHash, type TextHash } from './text-hash.ts';

interface WarmEntry {
  /** Every id that ends it. */
  readonly chain: readonly string[];
  /** The stored tokens that are used by its use. */
  readonly tokens: readonly string[];
  /** The kinds of these tokens and its own; each must be switched on. */
  readonly kinds: readonly TokenKind[];
  /** Settled already; kept as a promise so that handing it out makes nothing new. */
  readonly principal: Promise<Principal>;
  readonly readAt: number;
  readonly endsAt: number;
}

/**
 * Remembers for a moment which presented texts were verified. The key is the full digest of the text: two tokens
 * that begin alike are two tokens. Times are milliseconds since 1970.
 */
export interface WarmCache {
  /** What was verified so lately that it still counts. */
  find(text: string, now: number): WarmEntry | undefined;
  /** Who has presented the text within the last minute, if that has not been dropped since and has not expired. */
  recall(text: string, now: number): Promise<Principal> | undefined;
  /** Principals that were remembered within the last minute, and that an id ends. */
  recallChain(id: string, now: number): readonly Promise<Principal>[];
  /** A mark of the present state; see `remember`. */
  mark(): number;
  /** Remembers, unless something was dropped since the mark: what was read before then may be out of date. */
  remember(text: string, entry: WarmEntry, mark: number): void;
  /** Forgets whatever an id ends; says whether there was anything to forget. */
  drop(id: string): boolean;
}

const CAPACITY = 10_000;
/** For how long it is known who has presented a text, while nobody else can say. */
const RECALL_MILLISECONDS = 60_000;

/** Creates a cache whose entries count for so many milliseconds; without a hash it remembers nothing. */
export function createWarmCache(
  milliseconds: number,
  hash: TextHash | undefined = findTextHash(),
  capacity = CAPACITY,
): WarmCache {
  const entries = new Map<string, WarmEntry>();
  let drops = 0;

  function isWithin({ readAt, endsAt }: WarmEntry, now: number, limit: number): boolean {
    const age = now - readAt;
    // A clock that was set back says nothing about the entry's age.
    return age >= 0 && age < limit && now < endsAt;
  }

  function findWithin(text: string, now: number, limit: number): WarmEntry | undefined {
    const entry = hash && entries.get(hash(text));
    return entry !== undefined && isWithin(entry, now, limit) ? entry : undefined;
  }

  return {
    find: (text, now) => findWithin(text, now, milliseconds),
    recall: (text, now) => findWithin(text, now, RECALL_MILLISECONDS)?.principal,
    recallChain: (id, now) =>
      [...entries.values()]
        .filter((entry) => entry.chain.includes(id) && isWithin(entry, now, RECALL_MILLISECONDS))
        .map(({ principal }) => principal),
    mark: () => drops,
    remember(text, entry, mark) {
      if (hash === undefined || mark !== drops) return;
      const key = hash(text);
      entries.delete(key);
      entries.set(key, entry);
      if (entries.size <= capacity) return;
      const [oldest = key] = entries.keys();
      entries.delete(oldest);
    },
    drop(id) {
      drops++;
      const before = entries.size;
      for (const [key, entry] of entries) {
        if (entry.chain.includes(id)) entries.delete(key);
      }
      return entries.size < before;
    },
  };
}
