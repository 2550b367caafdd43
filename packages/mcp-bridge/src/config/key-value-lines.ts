/**
 * Parses lines of `KEY=VALUE`, as in an `.env` file. Empty lines, lines that start with `#` and a leading `export` are
 * ignored, and quotes around a whole value are removed. Nothing in a value is replaced. Returns undefined if any line
 * has another form.
 */
export function readKeyValueLines(text: string): Readonly<Record<string, string>> | undefined {
  const found = new Map<string, string>();
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const match = /^(?:export\s+)?([^=\s\0]+)\s*=\s*([^\0]*)$/.exec(trimmed);
    if (match?.[1] === undefined || match[2] === undefined) return undefined;
    found.set(match[1], unquote(match[2]));
  }
  return Object.fromEntries(found);
}

function unquote(value: string): string {
  const quote = value[0];
  const isQuoted = (quote === '"' || quote === "'") && value.length > 1 && value.endsWith(quote);
  return isQuoted ? value.slice(1, -1) : value;
}
