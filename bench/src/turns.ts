import { median, type Row } from './table.ts';

/** How often each is measured, for a few hundredths of a second each time. */
const TURNS = 101;
/** The number of warm-up rounds, which are not counted: a server's code has to be compiled first. */
const WARM_UP = 10;

/**
 * Measures several things by turns, each only briefly, so that other load of the machine slows all of them alike. Every
 * other round runs in reverse order.
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

/** The medians, and the median of the ratios within each round. */
export function compare(
  ours: readonly number[],
  baseline: readonly number[],
): Pick<Row, 'ours' | 'baseline' | 'ratio'> {
  const ratios = ours.map((value, turn) => value / (baseline[turn] ?? Number.NaN));
  return { ours: median(ours), baseline: median(baseline), ratio: median(ratios) };
}
