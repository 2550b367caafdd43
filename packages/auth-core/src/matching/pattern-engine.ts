/** Says whether a pattern matches anywhere in a text. */
export interface PatternTest {
  (text: string): boolean;
  /** How many instructions the compiled pattern has, the most that are looked at for a character; absent: it is estimated. */
  readonly size?: number;
}

/**
 * SEAM: what runs the `pattern` of an argument constraint.
 *
 * The built-in `RegExp` can be made to backtrack for ages by a few characters of input, so it is not an engine for
 * patterns that people send in. `@latchkey/auth-core/patterns/re2js` has one that takes linear time. Without an
 * engine, a constraint with a pattern denies.
 */
export interface PatternEngine {
  /**
   * Turns a pattern into a test that says whether it matches anywhere in a text, as JSON Schema has it: a pattern
   * that means the whole text begins with `^` and ends with `$`. Throws when the pattern is not one.
   */
  compile(source: string): PatternTest;
}
