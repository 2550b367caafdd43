import type { AuditLog } from '@latchkey/auth-core';

/** How much of the audit log is kept; an absent value sets no limit. */
export interface AuditRetention {
  readonly auditDays?: number | undefined;
  readonly auditEntries?: number | undefined;
}

const DAY_MILLISECONDS = 86_400_000;

/**
 * Trims the audit log to the retention; it may be called at any interval. By age it trims whole days (UTC), since each
 * trim adds an entry, which is itself trimmed later.
 */
export async function trimDaily(
  log: Pick<AuditLog, 'trim'>,
  { auditDays, auditEntries }: AuditRetention,
  now: Date,
): Promise<void> {
  if (auditDays === undefined && auditEntries === undefined) return;
  const today = Math.floor(now.getTime() / DAY_MILLISECONDS);
  await log.trim({
    actor: { name: 'retention' },
    ...(auditDays !== undefined && { before: new Date((today - auditDays) * DAY_MILLISECONDS).toISOString() }),
    ...(auditEntries !== undefined && { keep: auditEntries }),
  });
}
