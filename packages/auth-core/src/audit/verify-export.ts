import type { AuditChain } from './audit-chain.ts';
import type { AuditEntry, AuditHead } from './audit-store.ts';
import type { AuditVerification } from './audit-verification.ts';
import { createChainWalk } from './chain-walk.ts';

/** Verifies exported entries, which must be in order and without gaps. They may begin with any entry. */
export async function verifyExport(
  pages: AsyncIterable<readonly AuditEntry[]>,
  chain: AuditChain,
  known: readonly AuditHead[],
): Promise<AuditVerification> {
  const walk = createChainWalk(chain, { known });
  for await (const page of pages) {
    const problem = await walk.check(page);
    if (problem !== undefined) return problem;
  }
  const { entries, start, last } = walk;
  return walk.checkReached() ?? { intact: true, entries, head: last, ...(start.seq > 0 && { follows: start }) };
}
