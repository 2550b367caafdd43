/** What is shorter is a word or a number, and to hide it would hide half of what was printed. */
const shortestSecret = 6;

/** A text without values that may be secrets, e.g. those of the environment that a server was given. */
export function redact(text: string, values: readonly string[]): string {
  // The longest first: one may hold another.
  const secrets = values.filter(({ length }) => length >= shortestSecret).sort((a, b) => b.length - a.length);
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text);
}
