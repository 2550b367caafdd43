import type { Kysely } from 'kysely';
import { LIFTED_MILLISECONDS } from './long-transaction.ts';

/** A transaction of kysely, whatever its tables. */
export type OpenTransaction = Pick<Kysely<unknown>, 'isTransaction' | 'getExecutor'>;

/** How often to look whether a transaction has ended: kysely has no way to be told. */
const LOOK_MILLISECONDS = 10;

/**
 * Resolves when a transaction of kysely has ended: whether it was committed. Nothing is asked of the database. Where a
 * connection breaks while it commits or rolls back, kysely itself never knows; that counts as rolled back after a while.
 */
export async function endOfTransaction(transaction: OpenTransaction): Promise<boolean> {
  const until = performance.now() + LIFTED_MILLISECONDS;
  while (performance.now() < until) {
    const state = await stateOf(transaction);
    if (state !== 'open') return state === 'committed';
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LOOK_MILLISECONDS);
    (timer as { unref?: () => void }).unref?.();
    await promise;
  }
  return false;
}

type State = 'open' | 'committed' | 'rolled back';

/** A transaction that has ended gives its connection to nothing more, and says why. */
async function stateOf(transaction: OpenTransaction): Promise<State> {
  try {
    await transaction.getExecutor().provideConnection(async () => undefined);
    return 'open';
  } catch (error) {
    return error instanceof Error && /\bcommitted\b/.test(error.message) ? 'committed' : 'rolled back';
  }
}
