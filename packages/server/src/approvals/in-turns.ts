import type { Approval } from './approval.ts';

/**
 * Puts what waits into the order in which people should see it: the first call of each token, then the second of each, and
 * so on, the older one first. However many calls one token lets wait, those of the others are not behind them.
 */
export function inTurns<Waiting extends Pick<Approval, 'rootId'>>(oldestFirst: readonly Waiting[]): readonly Waiting[] {
  const seen = new Map<string, number>();
  const ranked = oldestFirst.map((approval) => {
    const turn = seen.get(approval.rootId) ?? 0;
    seen.set(approval.rootId, turn + 1);
    return { approval, turn };
  });
  // Of equal turns the order stays as it is.
  return ranked.sort((one, other) => one.turn - other.turn).map(({ approval }) => approval);
}
