/** 2_900_000 → `2.9M`. */
export function formatParameters(count: number): string {
  const [scale, unit] = count >= 1e9 ? [1e9, 'B'] : count >= 1e6 ? [1e6, 'M'] : [1e3, 'K'];
  return `${Number((count / scale).toPrecision(count / scale >= 100 ? 3 : 2))}${unit}`;
}
