/** How long queries may follow each other before other work of the process gets a turn. */
const TURN_MILLISECONDS = 8;
/** The same within a transaction, which meanwhile keeps all others from writing. */
const TURN_IN_TRANSACTION_MILLISECONDS = 20;

/** Returns a promise where the next query has to wait for other work of the process. */
export type LeaveTurns = (inTransaction: boolean) => Promise<void> | undefined;

/**
 * Creates a function to call before each query; where it returns a promise, the query waits for it.
 *
 * SQLite answers at once, so that queries in a row are one long microtask: without a turn of the event loop between them,
 * no timer and no socket of the process is heard before the last of them. A turn is left before a transaction rather
 * than within it: a connection that looks for the write lock now and then would else always find it taken.
 */
export function createLeaveTurns(): LeaveTurns {
  let since: number | undefined;
  return function leaveTurns(inTransaction) {
    if (since === undefined) {
      since = performance.now();
      setImmediate(() => {
        since = undefined;
      });
      return undefined;
    }
    const turn = inTransaction ? TURN_IN_TRANSACTION_MILLISECONDS : TURN_MILLISECONDS;
    if (performance.now() - since < turn) return undefined;
    return new Promise((resolve) => setImmediate(resolve));
  };
}
