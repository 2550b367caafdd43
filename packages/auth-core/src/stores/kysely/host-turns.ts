/** The transactions of hosts that views of them were opened from. */
const roots = new WeakMap<object, object>();
const last = new WeakMap<object, Promise<unknown>>();

/** Remembers that two objects are the same transaction. */
export function sameTransaction(view: object, transaction: object): void {
  roots.set(view, roots.get(transaction) ?? transaction);
}

/**
 * Runs the acts in one transaction of a host one after the other. No lock of the database keeps them apart: it belongs
 * to the transaction, and so to all of them.
 */
export function inTurn<Result>(transaction: object, act: () => Promise<Result>): Promise<Result> {
  const root = roots.get(transaction) ?? transaction;
  const turn = (last.get(root) ?? Promise.resolve()).then(act);
  last.set(
    root,
    turn.catch(() => undefined),
  );
  return turn;
}
