import { type AuditChain, type AuditEnds, CHECKPOINT_ENTRIES, type StampedEvent } from './audit-chain.ts';
import type { AuditEntry, AuditHead, AuditStore, SealedAuditHead } from './audit-store.ts';
import { createChainWalk } from './chain-walk.ts';
import { TamperedLogError } from './tampered-log-error.ts';

/** What is to be removed: entries before a time, all but the last `keep`, or what either of the two selects. */
export interface TrimLimits {
  /** RFC 3339 in UTC with milliseconds, as in the entries. */
  readonly before?: string | undefined;
  readonly keep?: number | undefined;
}

/** The most entries that one transaction removes: appends wait for it. */
const PORTION = CHECKPOINT_ENTRIES;
const PAGE = 1000;

/** The number of the last entry to be removed, from the current state; entries appended later stay. */
export async function findCut(store: AuditStore, { before, keep }: TrimLimits): Promise<number> {
  const head = await store.head();
  if (head === undefined) return 0;
  const after = head.start?.seq ?? 0;
  // Times may decrease when a clock was set back, so the first entry that is young enough stays, with all after it.
  const young = before === undefined ? [] : await store.read({ after, since: before, limit: 1 });
  const byAge = before === undefined ? 0 : (young[0]?.seq ?? head.seq + 1) - 1;
  // When entries are removed, one more makes room for the `audit.trimmed` entry.
  const bySize = keep === undefined || head.seq - after <= keep ? 0 : head.seq + 1 - keep;
  return Math.min(head.seq, Math.max(byAge, bySize));
}

/**
 * Removes entries up to a number, a portion at a time, each with its own `audit.trimmed` entry, and returns their
 * number. Each portion is verified first: a trim must not remove the evidence that the log was changed.
 *
 * @throws {TamperedLogError} when an entry is not as it was written
 */
export async function trimLog(
  store: AuditStore,
  chain: AuditChain,
  through: number,
  openEnd: (sealed: SealedAuditHead | undefined, read: AuditStore['read']) => Promise<AuditEnds>,
  stamp: (details: { readonly count: number; readonly through: number; readonly until: string }) => StampedEvent,
): Promise<{ readonly count: number; readonly written: AuditHead | undefined }> {
  let count = 0;
  let written: AuditHead | undefined;
  for (let done = false; !done; ) {
    done = true;
    await store.trim(async (sealed, read) => {
      const ends = await openEnd(sealed, read);
      const portion = Math.min(through, ends.start.seq + PORTION);
      if (portion <= ends.start.seq) return undefined;
      const last = await readVerified(chain, ends.start, portion, read);
      const removed = portion - ends.start.seq;
      const event = stamp({ count: removed, through: portion, until: last.at });
      const batch = await chain.extend({ start: { seq: last.seq, hash: last.hash }, head: ends.head }, [event]);
      written = { seq: batch.head.seq, hash: batch.head.hash };
      count += removed;
      done = portion >= through;
      return batch;
    });
  }
  return { count, written };
}

/** Verifies the entries to be removed, and returns the last of them. */
async function readVerified(
  chain: AuditChain,
  begin: AuditHead,
  through: number,
  read: AuditStore['read'],
): Promise<AuditEntry> {
  const walk = createChainWalk(chain, { begin, known: [] });
  let last: AuditEntry | undefined;
  while (walk.last.seq < through) {
    const page = await read({ after: walk.last.seq, limit: Math.min(PAGE, through - walk.last.seq) });
    const problem = await walk.check(page);
    if (problem?.intact === false) {
      throw new TamperedLogError(
        `entry ${problem.brokenAt} of the audit log is not as it was written (${problem.problem})`,
      );
    }
    last = page.at(-1) ?? last;
    if (page.length === 0) break;
  }
  if (last?.seq !== through) throw new TamperedLogError();
  return last;
}
