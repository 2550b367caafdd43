const maxHeaders = 32;
const maxNameLength = 256;
const maxValueLength = 8192;
const maxTotalLength = 16_384;

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const visible = /^[\x20-\x7e]*$/;

/** The connection's own, the protocol's own, and what would make us speak for somebody else. */
const denied: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'cookie',
  'cookie2',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'last-event-id',
  'origin',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);
const deniedPrefixes = ['content-', 'mcp-', 'proxy-', 'sec-', 'x-forwarded-'];

/** What is wrong with a header, in words that hold no value. */
export interface HeaderProblem {
  readonly name: string;
  readonly problem: string;
}

/**
 * Reads the headers that a caller wants sent to its own server, in lower case. Those that belong to the connection or the
 * protocol are refused, not dropped: what a caller asked for and did not get would be a riddle.
 */
export function readCallerHeaders(
  headers: Readonly<Record<string, string>>,
): { readonly headers: Readonly<Record<string, string>> } | HeaderProblem {
  const read = new Map<string, string>();
  let total = 0;
  for (const [name, value] of Object.entries(headers)) {
    const shown = JSON.stringify(name.slice(0, maxNameLength));
    const problem = headerProblem(name, value) ?? (read.has(name.toLowerCase()) ? 'stands there twice' : undefined);
    if (problem !== undefined) return { name: shown, problem };
    total += name.length + value.length;
    if (read.size === maxHeaders) return { name: shown, problem: `is one too many; there may be ${maxHeaders}` };
    if (total > maxTotalLength) return { name: shown, problem: `makes the headers longer than ${maxTotalLength}` };
    read.set(name.toLowerCase(), value);
  }
  return { headers: Object.fromEntries(read) };
}

function headerProblem(name: string, value: string): string | undefined {
  const lower = name.toLowerCase();
  if (!token.test(name) || name.length > maxNameLength) return 'is no name of a header';
  if (denied.has(lower) || deniedPrefixes.some((prefix) => lower.startsWith(prefix))) return 'may not be set';
  if (value.length > maxValueLength) return `is longer than ${maxValueLength} characters`;
  return visible.test(value) ? undefined : 'has a character that may not stand in a header';
}
