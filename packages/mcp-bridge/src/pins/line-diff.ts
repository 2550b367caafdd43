/** How many unchanged lines are shown around a change. */
const context = 2;
/** The most cells in the table of a comparison; larger differences are shown as one change. */
const maxCells = 1_000_000;

/** One line: kept (` `), removed (`-`) or added (`+`). */
type MarkedLine = `${' ' | '-' | '+'}${string}`;

/**
 * Compares the lines of two texts as in a unified diff, without its header; unchanged lines far from a change become
 * `…`.
 */
export function diffLines(before: readonly string[], after: readonly string[]): readonly string[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  return shorten([
    ...before.slice(0, start).map((line): MarkedLine => ` ${line}`),
    ...diffMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map((line): MarkedLine => ` ${line}`),
  ]);
}

/** Compares by the longest common subsequence. */
function diffMiddle(before: readonly string[], after: readonly string[]): MarkedLine[] {
  const replaced = (): MarkedLine[] => [
    ...before.map((line): MarkedLine => `-${line}`),
    ...after.map((line): MarkedLine => `+${line}`),
  ];
  const width = after.length + 1;
  if ((before.length + 1) * width > maxCells) return replaced();
  const lengths = new Uint32Array((before.length + 1) * width);
  const lengthAt = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        before[row] === after[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
    }
  }
  const lines: MarkedLine[] = [];
  let row = 0;
  let column = 0;
  while (row < before.length || column < after.length) {
    if (row < before.length && column < after.length && before[row] === after[column]) {
      lines.push(` ${before[row]}`);
      row += 1;
      column += 1;
    } else if (
      column === after.length ||
      (row < before.length && lengthAt(row + 1, column) >= lengthAt(row, column + 1))
    ) {
      lines.push(`-${before[row]}`);
      row += 1;
    } else {
      lines.push(`+${after[column]}`);
      column += 1;
    }
  }
  return lines;
}

function shorten(lines: readonly MarkedLine[]): string[] {
  const shown = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (line.startsWith(' ')) continue;
    for (let near = index - context; near <= index + context; near += 1) shown.add(near);
  }
  const short: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (shown.has(index)) short.push(line);
    else if (short.at(-1) !== ' …') short.push(' …');
  }
  return short;
}
