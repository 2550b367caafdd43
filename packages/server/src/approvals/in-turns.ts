import type { Approval } from '@latchkey/client';

/**
 * Orders pending calls fairly: the first call of each token, then the second of each, and so on, older ones first. A
 * token with many pending calls does not delay those of the others.
 */
export function inTurns<Waiting extends Pick<Approval, 'rootId'>>(oldestFirst: readonly Waiting[]): readonly Waiting[] {
  const seen = new Map<string, number>();
  const ranked = oldestFirst.map((approval) => {
    const turn = seen.get(approval.rootId) ?? 0;
    seen.set(approval.rootId, turn + 1);
    return { approval, turn };
  });
  // The sort is stable, so calls of equal rank keep their order.
  return ranked.sort((one, other) => one.turn - other.turn).map(({ approval }) => approval);
}
