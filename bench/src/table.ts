/** One comparison of two things that were measured in the same run. */
export interface Row {
  readonly what: string;
  readonly ours: number;
  readonly baseline: number;
  readonly against: string;
  /** Present when the ratio is not that of the two figures, but the median of many ratios. */
  readonly ratio?: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** A table in Markdown; the ratio is what counts, since machines differ. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    round(row.ours),
    round(row.baseline),
    (row.ratio ?? row.ours / row.baseline).toFixed(2),
    row.against,
  ]);
  const all = [['measured', 'Latchkey', 'baseline', 'ratio', 'baseline is'], ...cells];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 || column === 4 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const [head = [], ...body] = all;
  const rule = `|${widths.map((width, column) => '-'.repeat(width + 1) + (column === 0 || column === 4 ? '-' : ':')).join('|')}|`;
  return [line(head), rule, ...body.map(line)].join('\n');
}

const round = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1));
