import { type AuditChain, FIRST_HEAD } from './audit-chain.ts';
import type { AuditEntry, AuditHead, AuditStore } from './audit-store.ts';

/**
 * What can be wrong with a log:
 *
 * | problem | means |
 * |---|---|
 * | `changed` | the entry is not what was written, or who wrote it had not the key |
 * | `missing` | there is no entry with this number, and there are later ones |
 * | `replaced` | the entry is genuine, but another one was here: from another log, or from before a rollback |
 * | `inserted` | here stands an entry that was not written by who has the key, where there was none |
 * | `truncated` | this entry and whatever followed it were cut off |
 * | `head` | the record of where the log ends was changed, put back or removed: nobody can say what followed |
 */
export type AuditProblem = 'changed' | 'missing' | 'replaced' | 'inserted' | 'truncated' | 'head';

/** The answer of a verification. */
export type AuditVerification =
  | {
      readonly intact: true;
      /** How many entries were verified. */
      readonly entries: number;
      /** The last of them. Keep it outside the database and expect it the next time. */
      readonly head: AuditHead;
    }
  | {
      readonly intact: false;
      /** The number of the first entry that is not as it was; all before it are. */
      readonly brokenAt: number;
      readonly problem: AuditProblem;
      /** For people: what is wrong, and where. */
      readonly message: string;
    };

const PAGE = 500;

/**
 * Reads a whole log, a page at a time, and compares it with what its key says. `expected` are heads that it once had.
 * Entries may be appended meanwhile.
 */
export async function verifyChain(
  store: Pick<AuditStore, 'read' | 'head'>,
  chain: AuditChain,
  expected: readonly AuditHead[],
): Promise<AuditVerification> {
  const goal = await chain.openHead(await store.head());
  const known = goal === undefined ? expected : [...expected, goal];
  let last = FIRST_HEAD;
  for (let more = true; more; ) {
    const page = await store.read({ ...(last !== FIRST_HEAD && { after: last.seq }), limit: PAGE });
    for (const entry of page) {
      const problem = await judgeEntry(chain, known, goal, last, entry);
      if (problem !== undefined) return broken(last.seq + 1, problem);
      last = { seq: entry.seq, hash: entry.hash };
    }
    more = page.length === PAGE;
  }
  if (goal === undefined) return broken(last.seq + 1, 'head');
  if (known.some(({ seq }) => seq > last.seq)) return broken(last.seq + 1, 'truncated');
  if (last.seq > goal.seq && !(await isAppended(store, chain, last.seq))) return broken(last.seq + 1, 'head');
  return { intact: true, entries: last.seq, head: last };
}

async function judgeEntry(
  chain: AuditChain,
  known: readonly AuditHead[],
  goal: AuditHead | undefined,
  last: AuditHead,
  entry: AuditEntry,
): Promise<AuditProblem | undefined> {
  const beyondGoal = goal !== undefined && goal.seq > 0 && last.seq >= goal.seq;
  if (entry.seq !== last.seq + 1) return entry.seq > last.seq && !beyondGoal ? 'missing' : 'inserted';
  if (!(await chain.fits(entry))) return beyondGoal ? 'inserted' : 'changed';
  if (entry.previousHash !== last.hash) return 'replaced';
  return known.some(({ seq, hash }) => seq === entry.seq && hash !== entry.hash) ? 'replaced' : undefined;
}

/** There are entries beyond the head as it was when the verification began: says whether it has moved on since. */
async function isAppended(store: Pick<AuditStore, 'head'>, chain: AuditChain, lastSeq: number): Promise<boolean> {
  const head = await chain.openHead(await store.head());
  return head !== undefined && head.seq >= lastSeq;
}

const MESSAGES: Readonly<Record<AuditProblem, (seq: number) => string>> = {
  changed: (seq) =>
    `Entry ${seq} is not what was written: it was changed or forged${seq === 1 ? ', or this is not the key of the log' : ''}.`,
  missing: (seq) => `Entry ${seq} is missing, and there are later ones: it was deleted or moved.`,
  replaced: (seq) =>
    `Entry ${seq} is genuine, but it is not the one that was here: the log was rewritten from here on.`,
  inserted: (seq) => `At ${seq} stands an entry that is not the log's own: it was forged.`,
  truncated: (seq) => `Entry ${seq} and whatever followed it are missing: the end of the log was cut off.`,
  head: (seq) =>
    `The record of where the log ends was changed, put back or removed. The entries before ${seq} are as they were written; whether others followed cannot be said.`,
};

function broken(brokenAt: number, problem: AuditProblem): AuditVerification {
  return { intact: false, brokenAt, problem, message: MESSAGES[problem](brokenAt) };
}
