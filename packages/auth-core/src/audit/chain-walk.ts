import { type AuditChain, FIRST_HEAD } from './audit-chain.ts';
import type { AuditEntry, AuditHead } from './audit-store.ts';
import { type AuditVerification, broken } from './audit-verification.ts';

/** Verifies consecutive entries, a page at a time. */
export interface ChainWalk {
  /** What is wrong with the first entry of the page that is not as it was written; undefined when all of them are. */
  check(page: readonly AuditEntry[]): Promise<AuditVerification | undefined>;
  /** How many entries were verified. */
  readonly entries: number;
  /** The entry before the first verified one, and the last verified one. */
  readonly start: AuditHead;
  readonly last: AuditHead;
  /** A `truncated` problem when one of the known heads was not reached. */
  checkReached(): AuditVerification | undefined;
}

export interface WalkOptions {
  /**
   * What the first entry must follow. Without a hash, the first entry may be any with the next number that was made
   * with the key; without `begin`, any entry of any number.
   */
  readonly begin?: Pick<AuditHead, 'seq'> & { readonly hash?: string };
  /** Heads that the log has, or once had. */
  readonly known: readonly AuditHead[];
  /** The recorded end of the log when the walk began. */
  readonly goal?: AuditHead;
}

export function createChainWalk(chain: AuditChain, { begin, known, goal }: WalkOptions): ChainWalk {
  const hashes = Map.groupBy(known, ({ seq }) => seq);
  let entries = 0;
  let start: AuditHead | undefined = begin?.hash === undefined ? undefined : { seq: begin.seq, hash: begin.hash };
  let last = start;

  function judge(entry: AuditEntry, fits: boolean, before: AuditHead): AuditVerification | undefined {
    const seq = before.seq + 1;
    const isBeyond = goal !== undefined && goal.seq > 0 && before.seq >= goal.seq;
    if (entry.seq !== seq) return broken(seq, entry.seq > seq && !isBeyond ? 'missing' : 'inserted');
    if (!fits) return broken(seq, isBeyond ? 'inserted' : 'changed');
    const isReplaced =
      entry.previousHash !== before.hash || hashes.get(seq)?.some(({ hash }) => hash !== entry.hash) === true;
    return isReplaced ? broken(seq, 'replaced') : undefined;
  }

  /** What the first entry is assumed to follow, where that is not known. */
  function startBefore(entry: AuditEntry): AuditHead {
    const seq = begin?.seq ?? (entry.seq > 1 ? entry.seq - 1 : 0);
    return seq === 0 ? FIRST_HEAD : { seq, hash: entry.previousHash };
  }

  return {
    async check(page) {
      const fitting = await chain.fit(page);
      for (const [index, entry] of page.entries()) {
        start ??= startBefore(entry);
        const problem = judge(entry, fitting[index] === true, last ?? start);
        if (problem !== undefined) return problem;
        last = { seq: entry.seq, hash: entry.hash };
        entries++;
      }
      return undefined;
    },
    get entries() {
      return entries;
    },
    get start() {
      return start ?? FIRST_HEAD;
    },
    get last() {
      return last ?? start ?? FIRST_HEAD;
    },
    checkReached() {
      const { seq } = last ?? start ?? { seq: begin?.seq ?? 0 };
      return known.some((head) => head.seq > seq) ? broken(seq + 1, 'truncated') : undefined;
    },
  };
}
