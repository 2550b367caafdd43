/** Runs the acts of one key one after the other, in the order of the calls. */
export type TakeTurns = <T>(key: string, act: () => Promise<T>) => Promise<T>;

/** Creates a lock per key. A failed act does not block the next one. */
export function createTurns(): TakeTurns {
  const last = new Map<string, Promise<unknown>>();
  return async function takeTurn(key, act) {
    const turn = (last.get(key) ?? Promise.resolve()).then(act, act);
    last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (last.get(key) === turn) last.delete(key);
    }
  };
}
