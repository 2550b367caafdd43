import type { Clock } from '../clock.ts';
import type { AuditActor, AuditEvent } from './audit-event.ts';

/** Keeps refusals, which cost nothing and come as often as somebody likes, from filling the log: the rest is counted. */
export interface RefusalCounter {
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
/** Of these, only the first of a sort is written, whoever the caller is. */
const FIRST_ONLY: ReadonlySet<string> = new Set(['authentication.refused', 'limit.exceeded']);
/** How many denials of one known caller are written, before the others are counted. */
const WRITTEN_DENIALS = 60;

/**
 * Creates it. Of strangers alike are events with one type, `details.code`, caller and address. Who is known has a
 * token, and what was denied to it matters one by one; it is known by the token at the beginning of its chain, since
 * whoever has that derives as many others as he likes.
 */
export function createRefusalCounter(clock: Clock): RefusalCounter {
  const sorts = new Map<string, Sort>();
  const denials = new Map<string, number>();
  /** Apart, so that strangers take no room from them. */
  const denied = new Map<string, Sort>();

  function countSort(counted: Map<string, Sort>, key: string, event: AuditEvent, count: number): void {
    const sort = counted.get(key);
    if (sort === undefined) counted.set(key, { event, since: clock().toISOString(), count });
    else sort.count++;
  }

  function admitDenial(root: string, event: AuditEvent): boolean {
    const written = denials.get(root) ?? 0;
    if (written < WRITTEN_DENIALS) {
      denials.set(root, written + 1);
      return true;
    }
    const { type, actor, details } = event;
    // What all that is counted together has in common.
    const { rootId, owner } = actor;
    const common: AuditActor = {
      ...(rootId === undefined ? { id: root } : { rootId }),
      ...(owner !== undefined && { owner }),
    };
    countSort(denied, JSON.stringify([type, details?.code, root]), { ...event, actor: common }, 1);
    return false;
  }

  return {
    admit(event) {
      const { type, actor, details } = event;
      const root = actor.rootId ?? actor.id;
      if (root !== undefined && !FIRST_ONLY.has(type)) return !type.endsWith('.denied') || admitDenial(root, event);
      const code = details?.code;
      const key = JSON.stringify([type, code, actor.id, actor.address]);
      const known = sorts.has(key);
      if (!known && sorts.size >= CAPACITY) {
        countSort(sorts, JSON.stringify([type, code]), { ...event, actor: {} }, 1);
        return false;
      }
      countSort(sorts, key, event, 0);
      return !known;
    },
    isCounting: () => sorts.size + denials.size > 0,
    drain() {
      const counted = [...sorts.values(), ...denied.values()].filter(({ count }) => count > 0);
      for (const kept of [sorts, denials, denied]) kept.clear();
      // Subject and project may have been others each time.
      return counted.map(({ event: { type, actor, details }, since, count }) => ({
        type,
        actor,
        details: { ...(details?.code !== undefined && { code: details.code }), count, since },
      }));
    },
  };
}
