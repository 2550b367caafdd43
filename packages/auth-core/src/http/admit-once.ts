import type { Admission, Meter } from '../limits/meter.ts';
import type { Principal } from '../principal.ts';

/** An admission, and whether it was made just now: what has made it releases it. */
export interface OnceAdmitted<Unit extends string = string> {
  readonly admission: Admission<Unit>;
  readonly isFirst: boolean;
}

interface Counted {
  readonly id: string;
  readonly admission: Promise<Admission>;
}

/** For each meter, the running requests that it has counted. */
const counted = new WeakMap<object, WeakMap<object, Counted>>();

/**
 * Admits a request that may pass several guards, and counts it once for each of its callers.
 *
 * @param key identifies the request, such as Node's own object
 * @throws {AuthError} as the `admit` of the meter
 * @example
 * ```ts
 * import { type Meter, type Principal } from '@latchkey/auth-core';
 * import { admitOnce } from '@latchkey/auth-core/http';
 * import type { IncomingMessage } from 'node:http';
 *
 * export async function count(meter: Meter, request: IncomingMessage, caller: Principal): Promise<void> {
 *   const { admission, isFirst } = await admitOnce(meter, request, caller);
 *   if (isFirst) request.once('close', () => void admission.release());
 * }
 * ```
 */
export async function admitOnce<Unit extends string>(
  meter: Pick<Meter<Unit>, 'admit'>,
  key: object,
  principal: Principal,
): Promise<OnceAdmitted<Unit>> {
  const requests = counted.get(meter) ?? new WeakMap<object, Counted>();
  counted.set(meter, requests);
  const before = requests.get(key);
  // A meter gives admissions of its own units.
  if (before?.id === principal.id) return { admission: (await before.admission) as Admission<Unit>, isFirst: false };
  const admission = meter.admit(principal);
  requests.set(key, { id: principal.id, admission: admission as Promise<Admission> });
  try {
    return { admission: await admission, isFirst: true };
  } catch (error) {
    requests.delete(key);
    throw error;
  }
}
