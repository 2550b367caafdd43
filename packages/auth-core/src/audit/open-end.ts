import type { AuditChain, AuditEnds } from './audit-chain.ts';
import type { AuditHead, AuditStore, SealedAuditHead } from './audit-store.ts';
import { TamperedLogError } from './tampered-log-error.ts';

/**
 * Returns the ends of a log that can be continued: their record has a valid seal, the last entry is the one in the
 * record, and the last entry that this process wrote is still there or was trimmed.
 *
 * @throws {TamperedLogError}
 */
export async function openEnd(
  chain: AuditChain,
  sealed: SealedAuditHead | undefined,
  read: AuditStore['read'],
  written: AuditHead,
): Promise<AuditEnds> {
  const ends = await chain.openHead(sealed);
  if (ends === undefined || !(await isLast(chain, ends.head, read)) || !(await isThere(ends, written, read))) {
    throw new TamperedLogError();
  }
  return ends;
}

async function isLast(chain: AuditChain, head: AuditHead, read: AuditStore['read']): Promise<boolean> {
  const [last, ...beyond] = await read({ after: head.seq - 1, limit: 2 });
  if (last === undefined || head.seq === 0) return last === undefined && head.seq === 0;
  if (last.seq !== head.seq || last.hash !== head.hash || beyond.length > 0) return false;
  return (await chain.fit([last]))[0] === true;
}

async function isThere({ start, head }: AuditEnds, written: AuditHead, read: AuditStore['read']): Promise<boolean> {
  if (written.seq > head.seq) return false;
  if (written.seq < start.seq) return true;
  if (written.seq === start.seq) return written.hash === start.hash;
  if (written.seq === head.seq) return written.hash === head.hash;
  const [entry] = await read({ after: written.seq - 1, limit: 1 });
  return entry?.seq === written.seq && entry.hash === written.hash;
}
