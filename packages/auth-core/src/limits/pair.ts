/**
 * Pairs the items of two lists by their index.
 *
 * @throws {Error} when one list is longer: then it is not known which items belong together
 */
export function pair<Left, Right>(left: readonly Left[], right: readonly Right[]): [Left, Right][] {
  checkLengths(left, right);
  return left.map((item, index) => [item, right[index] as Right]);
}

/** Throws when the lists differ in length. */
export function checkLengths(left: readonly unknown[], right: readonly unknown[]): void {
  if (left.length !== right.length) throw new Error(`expected ${left.length} answers, got ${right.length}`);
}
