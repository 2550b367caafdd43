import { StoreUnavailableError } from '../errors.ts';
import { answerInTime, guard } from '../guard.ts';
import type { Claim, LimitStore, TakeAnswer } from './limit-store.ts';
import { checkLengths } from './pair.ts';

/**
 * Turns every error of a store into `AUTH_STORE_UNAVAILABLE`. An incomplete answer counts as an error, so that it
 * cannot be mistaken for a permission.
 */
export function guardLimitStore(store: LimitStore): LimitStore {
  const { now } = store;
  return {
    ...(now !== undefined && {
      now() {
        try {
          const time = now.call(store);
          return typeof time === 'number' ? checkTime(time) : answerInTime(async () => checkTime(await time));
        } catch (cause) {
          throw new StoreUnavailableError(cause);
        }
      },
    }),
    take(claims, now) {
      try {
        const answer = store.take(claims, now);
        return 'taken' in answer
          ? checkTaking(claims, answer)
          : answerInTime(async () => checkTaking(claims, await answer));
      } catch (cause) {
        throw new StoreUnavailableError(cause);
      }
    },
    adjust: (adjustments) => answerInTime(() => store.adjust(adjustments)),
    read: (counters, now) =>
      answerInTime(async () => {
        const used = await store.read(counters, now);
        checkLengths(counters, used);
        return used;
      }),
    renew: (leases, expiresAt) => answerInTime(() => store.renew(leases, expiresAt)),
    drop: (leaseIds) => answerInTime(() => store.drop(leaseIds)),
    close: () => guard(() => store.close()),
  };
}

/** A time that is none would make every window a new one. */
function checkTime(time: number): number {
  if (!Number.isFinite(time)) throw new Error('the limit store does not say what time it is');
  return time;
}

function checkTaking(claims: readonly Claim[], answer: TakeAnswer): TakeAnswer {
  if (answer.taken) checkLengths(claims, answer.takings);
  return answer;
}
