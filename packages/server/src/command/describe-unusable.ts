/** A model that cannot be used, and why. */
export interface UnusableModel {
  readonly key: string;
  readonly reason: string;
}

/** Up to this many models with the same reason get a line each; more share one line that names this many of them. */
const EACH = 3;

/** One line for each unusable model, or one for all of them together if many have the same reason. */
export function describeUnusable(models: readonly UnusableModel[]): readonly string[] {
  const byReason = Map.groupBy(models, ({ reason }) => reason);
  return [...byReason].flatMap(([reason, group]) => {
    const keys = group.map(({ key }) => key);
    if (keys.length <= EACH) return keys.map((key) => `${key} cannot be used: ${reason}`);
    const named = keys.slice(0, EACH).join(', ');
    return [`${keys.length} models (${named} and others) cannot be used: ${reason}`];
  });
}
