/** Returns whether a pattern matches anywhere in a text. */
export interface PatternTest {
  (text: string): boolean;
  /** The number of instructions of the compiled pattern: the most executed for one character. Absent: an estimate. */
  readonly size?: number;
}

/**
 * SEAM: the engine that runs the `pattern` of an argument constraint.
 *
 * A few characters of input can make the built-in `RegExp` backtrack for a very long time, so it is not suitable for
 * patterns from outside. `@latchkey/auth-core/patterns/re2js` has an engine with linear time. Without an engine, a
 * constraint with a pattern denies.
 */
export interface PatternEngine {
  /**
   * Compiles a pattern into a test that returns whether it matches anywhere in a text, as in JSON Schema: a pattern for
   * the whole text begins with `^` and ends with `$`. Throws when the pattern is invalid.
   */
  compile(source: string): PatternTest;
}
