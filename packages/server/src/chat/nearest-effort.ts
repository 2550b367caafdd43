import type { ReasoningEffort } from '@latchkey/engine';

/** In ascending order; `on` is not a grade. */
const GRADES: readonly ReasoningEffort[] = ['off', 'low', 'medium', 'high'];

/**
 * The effort of a model that is nearest to the requested one; undefined where none is near, and the model keeps its
 * default.
 */
export function nearestEffort(wish: ReasoningEffort, allowed: readonly ReasoningEffort[]): ReasoningEffort | undefined {
  if (allowed.includes(wish)) return wish;
  if (wish === 'on') return undefined;
  if (wish !== 'off' && allowed.includes('on')) return 'on';
  const graded = allowed.filter((effort) => GRADES.includes(effort) && (wish === 'off' || effort !== 'off'));
  const distance = (effort: ReasoningEffort): number => Math.abs(GRADES.indexOf(effort) - GRADES.indexOf(wish));
  return graded.toSorted((one, other) => distance(one) - distance(other))[0];
}
