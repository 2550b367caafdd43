import { StoreUnavailableError } from '../errors.ts';
import { guard } from '../guard.ts';
import type { Claim, LimitStore, TakeAnswer } from './limit-store.ts';
import { checkLengths } from './pair.ts';

/**
 * Turns every error of a store into `AUTH_STORE_UNAVAILABLE`. An incomplete answer counts as an error, so that it
 * cannot be mistaken for a permission.
 */
export function guardLimitStore(store: LimitStore): LimitStore {
  return {
    take(claims, now) {
      try {
        const answer = store.take(claims, now);
        return 'taken' in answer ? checkTaking(claims, answer) : guard(async () => checkTaking(claims, await answer));
      } catch (cause) {
        throw new StoreUnavailableError(cause);
      }
    },
    adjust: (adjustments) => guard(() => store.adjust(adjustments)),
    read: (counters, now) =>
      guard(async () => {
        const used = await store.read(counters, now);
        checkLengths(counters, used);
        return used;
      }),
    renew: (leaseIds, expiresAt, now) => guard(() => store.renew(leaseIds, expiresAt, now)),
    drop: (leaseIds) => guard(() => store.drop(leaseIds)),
    close: () => guard(() => store.close()),
  };
}

function checkTaking(claims: readonly Claim[], answer: TakeAnswer): TakeAnswer {
  if (answer.taken) checkLengths(claims, answer.takings);
  return answer;
}
