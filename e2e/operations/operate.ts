import { Random } from '../hostile-caller/random.ts';
import { TRIALS, type Trial } from './trials.ts';

export interface OperateOptions {
  readonly milliseconds: number;
  /** The same seed gives the same order of trials, with the same choices. */
  readonly seed: number;
  readonly onTrial?: (line: string) => void;
}

export interface OperateOutcome {
  /** How often each kind was tried. */
  readonly counts: Readonly<Record<string, number>>;
  readonly faults: readonly string[];
}

/** Tries every kind once, and then kinds that chance chooses, one after the other until the time is up. */
export async function operate({ milliseconds, seed, onTrial }: OperateOptions): Promise<OperateOutcome> {
  const random = new Random(seed);
  const until = performance.now() + milliseconds;
  const counts: Record<string, number> = Object.fromEntries(Object.keys(TRIALS).map((kind) => [kind, 0]));
  const faults: string[] = [];
  const first = Object.keys(TRIALS);
  while (first.length > 0 || performance.now() < until) {
    const kind = first.shift() ?? random.pick(Object.keys(TRIALS));
    const trial = TRIALS[kind] as Trial;
    const found = await trial(random).catch((error: unknown) => [`it failed: ${String(error)}`]);
    counts[kind] = (counts[kind] ?? 0) + 1;
    for (const fault of found) faults.push(`${kind}: ${fault}`);
    onTrial?.(`${kind}: ${found.length === 0 ? 'held' : found.join('; ')}`);
  }
  return { counts, faults };
}
