/**
 * Puts the members of two lists that belong together side by side.
 *
 * @throws {Error} when one list is longer: then nobody knows what belongs to what
 */
export function pair<Left, Right>(left: readonly Left[], right: readonly Right[]): [Left, Right][] {
  checkLengths(left, right);
  return left.map((item, index) => [item, right[index] as Right]);
}

/** Refuses lists of which one is longer. */
export function checkLengths(left: readonly unknown[], right: readonly unknown[]): void {
  if (left.length !== right.length) throw new Error(`expected ${left.length} answers, got ${right.length}`);
}
