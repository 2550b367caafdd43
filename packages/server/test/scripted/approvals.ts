import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { createKyselyApprovalStore } from '../../src/approvals/kysely-approval-store.ts';
import { type Approvals, type ApprovalsOptions, openApprovals } from '../../src/approvals/open-approvals.ts';
import type { ApprovalTables } from '../../src/approvals/schema.ts';

/** Approvals of callers whose tokens do not end. */
export const openTestApprovals = (
  database: Kysely<ApprovalTables>,
  options: Pick<ApprovalsOptions, 'clock' | 'seconds'> & Partial<ApprovalsOptions>,
): Approvals =>
  openApprovals(createKyselyApprovalStore(database), {
    onExpired: () => undefined,
    hasEnded: async () => false,
    digest: async (answer) => createHash('sha256').update(JSON.stringify(answer)).digest('hex'),
    ...options,
  });
