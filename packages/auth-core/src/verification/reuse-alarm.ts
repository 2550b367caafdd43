import type { AuditSink } from '../audit/audit-event.ts';
import { guard } from '../guard.ts';
import type { TokenRecord } from '../token/token-store.ts';

const INTERVAL_MILLISECONDS = 60_000;
const CAPACITY = 1000;

/**
 * Records the use of a secret that has ended: it may have been stolen, or a client was not updated. At most once a
 * minute for each rotation of a token; it changes nothing and never rejects.
 */
export function createReuseAlarm(audit: AuditSink | undefined): (record: TokenRecord, now: number) => Promise<void> {
  const raisedAt = new Map<string, number>();
  return async function raise({ id, name, owner, project, rotatedAt }, now) {
    const key = `${id} ${rotatedAt}`;
    const last = raisedAt.get(key);
    if (audit === undefined || (last !== undefined && Math.abs(now - last) < INTERVAL_MILLISECONDS)) return;
    raisedAt.delete(key);
    raisedAt.set(key, now);
    const [oldest = key] = raisedAt.keys();
    if (raisedAt.size > CAPACITY) raisedAt.delete(oldest);
    const event = {
      type: 'token.reused',
      actor: { id, name, owner },
      ...(project !== undefined && { project }),
      subject: id,
      ...(rotatedAt !== undefined && { details: { rotatedAt } }),
    };
    await guard(() => audit(event)).catch(() => undefined);
  };
}
