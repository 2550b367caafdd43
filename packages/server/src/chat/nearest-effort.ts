import type { ReasoningEffort } from '@latchkey/engine';

/** From none to much; `on` says how, and not how much. */
const GRADES: readonly ReasoningEffort[] = ['off', 'low', 'medium', 'high'];

/**
 * The effort nearest to a wish among those that a model has; undefined where nothing comes near it, and the model thinks as it
 * does by itself, or not at all.
 */
export function nearestEffort(wish: ReasoningEffort, allowed: readonly ReasoningEffort[]): ReasoningEffort | undefined {
  if (allowed.includes(wish)) return wish;
  if (wish === 'on') return undefined;
  if (wish !== 'off' && allowed.includes('on')) return 'on';
  const graded = allowed.filter((effort) => GRADES.includes(effort) && (wish === 'off' || effort !== 'off'));
  const distance = (effort: ReasoningEffort): number => Math.abs(GRADES.indexOf(effort) - GRADES.indexOf(wish));
  return graded.toSorted((one, other) => distance(one) - distance(other))[0];
}
