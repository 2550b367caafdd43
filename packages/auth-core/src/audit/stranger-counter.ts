import type { Clock } from '../clock.ts';
import type { AuditEvent } from './audit-event.ts';

/** Keeps those who cannot log in from filling the log: of many alike the first is written, the others are counted. */
export interface StrangerCounter {
  /** Says whether the event is to be written; otherwise it is counted. */
  admit(event: AuditEvent): boolean;
  /** Says whether there is anything to begin anew. */
  isCounting(): boolean;
  /** What was counted, one event of each sort, and begins anew. */
  drain(): AuditEvent[];
}

interface Sort {
  readonly event: AuditEvent;
  readonly since: string;
  count: number;
}

/** How many sorts are told apart at a time; beyond that, callers are counted together. */
const CAPACITY = 256;
/** Of these also those of somebody known: they cost nothing, and come as often as somebody likes. */
const COUNTED: ReadonlySet<string> = new Set(['authentication.refused', 'limit.exceeded']);

/** Creates it. Alike are events with one type, `details.code`, caller and address. */
export function createStrangerCounter(clock: Clock): StrangerCounter {
  const sorts = new Map<string, Sort>();

  function countSort(key: string, event: AuditEvent, count: number): void {
    const sort = sorts.get(key);
    if (sort === undefined) sorts.set(key, { event, since: clock().toISOString(), count });
    else sort.count++;
  }

  return {
    admit(event) {
      const { type, actor, details } = event;
      if (actor.id !== undefined && !COUNTED.has(type)) return true;
      const code = details?.code;
      const key = JSON.stringify([type, code, actor.id, actor.address]);
      const known = sorts.has(key);
      if (!known && sorts.size >= CAPACITY) {
        countSort(JSON.stringify([type, code]), { ...event, actor: {} }, 1);
        return false;
      }
      countSort(key, event, 0);
      return !known;
    },
    isCounting: () => sorts.size > 0,
    drain() {
      const counted = [...sorts.values()].filter(({ count }) => count > 0);
      sorts.clear();
      // Subject and project may have been others each time.
      return counted.map(({ event: { type, actor, details }, since, count }) => ({
        type,
        actor,
        details: { ...(details?.code !== undefined && { code: details.code }), count, since },
      }));
    },
  };
}
