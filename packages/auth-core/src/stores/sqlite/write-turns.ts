/** How long a write waits for the writes of its own process that came before it. */
const TURN_MILLISECONDS = 30_000;

/** Gives the connection that writes to one transaction or statement after the other, in the order of the calls. */
export interface WriteTurns {
  /** Resolves, when its turn has come, with the function that ends the turn. */
  take(): Promise<() => void>;
}

/** Creates the turns of a database. A turn that does not come within half a minute is an error. */
export function createWriteTurns(): WriteTurns {
  const waiting: (() => void)[] = [];
  let taken = false;

  function next(): void {
    const begin = waiting.shift();
    if (begin === undefined) taken = false;
    else begin();
  }

  function end(): () => void {
    let ended = false;
    return () => {
      if (!ended) next();
      ended = true;
    };
  }

  return {
    async take() {
      if (!taken) {
        taken = true;
        return end();
      }
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(resolve), 1);
        reject(new Error(`the database was not free for a write within ${TURN_MILLISECONDS} ms`));
      }, TURN_MILLISECONDS);
      waiting.push(resolve);
      await promise.finally(() => clearTimeout(timer));
      return end();
    },
  };
}
