/** A shorter value is a word or a number; hiding it would hide much of the output. */
const shortestSecret = 6;

/** Removes values that may be secrets from a text, e.g. those of a server's environment. */
export function redact(text: string, values: readonly string[]): string {
  // Longest first, as one value may contain another.
  const secrets = values.filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text);
}
