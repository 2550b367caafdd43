/**
 * Refuses an option that is absent or invalid: a mistake of the program, reported when it starts.
 *
 * @throws {TypeError} which names the option
 */
export function requirePart(of: string, option: string, value: unknown, methods: readonly string[]): void {
  const missing = methods.filter(
    (name) => typeof (value as Record<string, unknown> | null | undefined)?.[name] !== 'function',
  );
  if (missing.length === 0) return;
  const problem = value === undefined || value === null ? 'is missing' : `has no method ${missing.join(', ')}`;
  throw new TypeError(`${of}: the option '${option}' ${problem}`);
}
