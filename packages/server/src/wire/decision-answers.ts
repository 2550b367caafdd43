/** The option with the largest share; of equal ones the first. */
export const indexOfMost = (shares: readonly number[]): number => shares.indexOf(Math.max(...shares));

/** How sure a choice is: 1 where one option has everything, 0 where all have the same. */
export function choiceConfidence(shares: readonly number[]): number {
  const even = 1 / shares.length;
  return shares.length === 1 ? 1 : within01((Math.max(...shares) - even) / (1 - even));
}

/** How sure a score is: 1 where one level has everything, less the farther the others with a share are from it. */
export function scoreConfidence(shares: readonly number[]): number {
  const most = indexOfMost(shares);
  const spread = shares.reduce((sum, share, level) => sum + share * Math.abs(level - most), 0);
  const middle = (shares.length - 1) / 2;
  const evenSpread = shares.reduce((sum, _, level) => sum + Math.abs(level - middle), 0) / shares.length;
  return shares.length === 1 ? 1 : within01(1 - spread / evenSpread);
}

/** The place on a scale whose levels are numbered from 0. */
export const expectedLevel = (shares: readonly number[]): number =>
  shares.reduce((sum, share, level) => sum + share * level, 0);

const within01 = (value: number): number => Math.min(1, Math.max(0, value));

/** A state, an instruction or a description as text: a string as it is, anything else as JSON. */
export const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
