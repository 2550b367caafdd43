import type { Clock } from '../clock.ts';
import type { AuditActor, AuditEvent } from './audit-event.ts';

/**
 * Keeps refusals from filling the log. A refusal costs the caller nothing, and a caller can cause any number of them,
 * so only some are written and the rest are counted.
 */
export interface RefusalCounter {
  /** Whether the event is to be written. If not, it is counted. */
  admit(event: AuditEvent): boolean;
  /** Whether it holds any state that `drain` would reset. */
  isCounting(): boolean;
  /** Returns what was counted, one event of each sort, and starts again from zero. */
  drain(): AuditEvent[];
}

interface Sort {
  readonly event: AuditEvent;
  readonly since: string;
  count: number;
}

/** How many sorts are counted separately at a time; beyond that, callers are counted together. */
const CAPACITY = 256;
/** Of these types, only the first event of a sort is written, for known callers as well. */
const FIRST_ONLY: ReadonlySet<string> = new Set(['authentication.refused', 'limit.exceeded']);
/** How many denials of one known caller are written, before the others are counted. */
const WRITTEN_DENIALS = 60;

/**
 * Creates a refusal counter. Events of unknown callers are of one sort when their type, `details.code`, caller and
 * address are the same. A known caller has a token, and each denial of it is of interest. Its denials are counted by
 * the root of its chain, because the holder of a root token can derive any number of other tokens.
 */
export function createRefusalCounter(clock: Clock): RefusalCounter {
  const sorts = new Map<string, Sort>();
  const denials = new Map<string, number>();
  /** Kept apart from `sorts`, so that unknown callers cannot use up its capacity. */
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
    // The fields that are the same in all events that are counted together.
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
      // Subject and project are left out: they may differ between the counted events.
      return counted.map(({ event: { type, actor, details }, since, count }) => ({
        type,
        actor,
        details: { ...(details?.code !== undefined && { code: details.code }), count, since },
      }));
    },
  };
}
