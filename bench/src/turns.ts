import { median, type Row } from './table.ts';

/** How often each is measured, when it is for a few hundredths of a second. */
const TURNS = 101;
/** How often each is measured before it counts: a server must have been compiled. */
const WARM_UP = 10;

/**
 * Measures several things in turns, each for a moment only, so that whatever else the machine does meanwhile slows all
 * of them alike. Every other round goes backwards.
 */
export async function measureInTurns<Name extends string>(
  measures: Readonly<Record<Name, () => Promise<number>>>,
  turns = TURNS,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(measures) as Name[];
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, number[]>;
  for (let turn = -WARM_UP; turn < turns; turn += 1) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      const result = await measures[name]();
      if (turn >= 0) results[name].push(result);
    }
  }
  return results;
}

/** The medians, and the median of the ratios of what was measured in the same round. */
export function compare(
  ours: readonly number[],
  baseline: readonly number[],
): Pick<Row, 'ours' | 'baseline' | 'ratio'> {
  const ratios = ours.map((value, turn) => value / (baseline[turn] ?? Number.NaN));
  return { ours: median(ours), baseline: median(baseline), ratio: median(ratios) };
}
