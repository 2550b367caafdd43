import type { AuditHead } from './audit-store.ts';

/**
 * What can be wrong with a log:
 *
 * | problem | means |
 * |---|---|
 * | `changed` | the entry is not what was written, or it was written without the key |
 * | `missing` | there is no entry with this number, and there are later ones |
 * | `replaced` | the entry is genuine, but another one was here: from another log, or from before a rollback |
 * | `inserted` | there is an entry that was not written with the key, where there was none |
 * | `truncated` | this entry and all that followed it were cut off |
 * | `head` | the record of where the log ends was changed, put back or removed: what followed is unknown |
 * | `start` | the record of where a trimmed log begins and ends was changed or forged: what else there was is unknown |
 * | `checkpoint` | the checkpoint of this entry was changed or forged; all entries are as they were written |
 */
export type AuditProblem =
  | 'changed'
  | 'missing'
  | 'replaced'
  | 'inserted'
  | 'truncated'
  | 'head'
  | 'start'
  | 'checkpoint';

/** The answer of a verification. */
export type AuditVerification =
  | {
      readonly intact: true;
      /** How many entries were verified. */
      readonly entries: number;
      /** The last of them. Keep it outside the database and expect it the next time. */
      readonly head: AuditHead;
      /** The last entry that was trimmed; absent where none was. */
      readonly trimmed?: AuditHead;
      /** The checkpoint that the verification began at; absent where it began at the first entry. */
      readonly checkpoint?: AuditHead;
      /** Of an export: the entry that its first one follows; absent where that is entry 1. */
      readonly follows?: AuditHead;
    }
  | {
      readonly intact: false;
      /** The number of the first entry that is not as it was; all before it are. */
      readonly brokenAt: number;
      readonly problem: AuditProblem;
      /** A readable message: what is wrong, and where. */
      readonly message: string;
    };

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
  start: (seq) =>
    `The record of where the log begins and ends was changed or forged. The entries from ${seq} on are as they were written; whether there were others before or after them cannot be said.`,
  checkpoint: (seq) => `The checkpoint of entry ${seq} was changed or forged. All entries are as they were written.`,
};

export function broken(brokenAt: number, problem: AuditProblem): AuditVerification {
  return { intact: false, brokenAt, problem, message: MESSAGES[problem](brokenAt) };
}
