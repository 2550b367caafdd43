const maxHeaders = 32;
const maxNameLength = 256;
const maxValueLength = 8192;
const maxTotalLength = 16_384;

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const visible = /^[\x20-\x7e]*$/;

/**
 * Headers of the connection and the protocol, and headers that would make a request appear to come from another client, or
 * to be another request.
 */
const denied: ReadonlySet<string> = new Set([
  'accept',
  'accept-encoding',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'connection',
  'cookie',
  'cookie2',
  'expect',
  'fastly-client-ip',
  'fly-client-ip',
  'forwarded',
  'host',
  'keep-alive',
  'last-event-id',
  // Marks the requests of this server, so that two servers that offer each other's tools do not go round in a circle.
  'latchkey-hop',
  'origin',
  'referer',
  'te',
  'trailer',
  'transfer-encoding',
  'true-client-ip',
  'upgrade',
  'via',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-host',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-originating-ip',
  'x-real-ip',
  'x-remote-addr',
  'x-remote-ip',
  'x-rewrite-url',
]);
const deniedPrefixes = ['content-', 'mcp-', 'proxy-', 'sec-', 'x-forwarded-', 'x-original-'];

/** What is wrong with a header; the text contains no value. */
export interface HeaderProblem {
  readonly name: string;
  readonly problem: string;
}

/**
 * Reads the headers that a caller wants to send to its own server, in lower case. Headers of the connection or the
 * protocol are refused rather than dropped, so that the caller learns why they are not sent.
 */
export function readCallerHeaders(
  headers: Readonly<Record<string, string>>,
): { readonly headers: Readonly<Record<string, string>> } | HeaderProblem {
  const read = new Map<string, string>();
  let total = 0;
  for (const [name, value] of Object.entries(headers)) {
    const shown = JSON.stringify(name.slice(0, maxNameLength));
    const problem = headerProblem(name, value) ?? (read.has(name.toLowerCase()) ? 'appears twice' : undefined);
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
  return visible.test(value) ? undefined : 'has a character that a header cannot contain';
}
