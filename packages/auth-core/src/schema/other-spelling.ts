import { foldName } from '../matching/fold-text.ts';
import type { Steps } from '../matching/steps.ts';

const STEPS_A_KEY = 100;
const STEPS_A_CHARACTER = 40;

/**
 * Finds a name that an object has in another spelling, or in two spellings: the value under one spelling would be
 * judged, and the value under the other one used. Readers that bind names to fields treat case, Unicode and punctuation
 * differently, see {@link foldName}.
 */
export function findOtherSpelling(named: readonly string[], value: object, steps: Steps): string | undefined {
  if (named.length === 0) return undefined;
  const keys = Object.keys(value);
  steps.spend((named.length + keys.length) * STEPS_A_KEY);
  const fold = (name: string): string => {
    steps.spend(name.length * STEPS_A_CHARACTER);
    return foldName(name);
  };
  const exact = new Set(named);
  const byFolded = new Map(named.map((name) => [fold(name), name]));
  const seen = new Set<string>();
  for (const key of keys) {
    const folded = fold(key);
    const name = byFolded.get(folded);
    if (name === undefined) continue;
    if (!exact.has(key) || seen.has(folded)) return name;
    seen.add(folded);
  }
  return undefined;
}
