import type { AuditLog } from '@latchkey/auth-core';

/** How much of the audit log is kept; what is absent bounds nothing. */
export interface AuditRetention {
  readonly auditDays?: number | undefined;
  readonly auditEntries?: number | undefined;
}

const DAY_MILLISECONDS = 86_400_000;

/**
 * Trims the audit log to what is to be kept, as often as it is called. By age it trims whole days (UTC), for each trim is an
 * entry, which ends some day, too.
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
