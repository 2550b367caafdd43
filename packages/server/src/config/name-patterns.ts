import { isIP } from 'node:net';

const HOST_PATTERN = /^(?:\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/;
/** `scheme://host` or `scheme://*.host`, optionally followed by a port or `:*`. */
const ORIGIN_PATTERN = /^([a-z][a-z0-9+.-]*):\/\/((?:\*\.)?[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}|\*))?$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };

/** Returns whether a name or an origin matches. */
export type NamePattern = (name: string) => boolean;

/**
 * Parses `llm.example.com`, `*.example.com` for all names below it, or `*`; undefined for a pattern that can never
 * match the name of a Host header.
 */
export function hostPattern(pattern: string): NamePattern | undefined {
  const lower = pattern.toLowerCase();
  if (!HOST_PATTERN.test(lower)) return undefined;
  if (lower === '*') return () => true;
  if (!lower.startsWith('*.')) return (name) => name.toLowerCase() === lower;
  return (name) => name.length > lower.length - 1 && name.toLowerCase().endsWith(lower.slice(1));
}

/**
 * Whether a pattern can match the host of a URL: a name, an IP address, `*.example.com` for all names below it, or `*`,
 * as URLs spell them, without scheme, port and brackets.
 */
export function isUrlHostPattern(pattern: string): boolean {
  const lower = pattern.toLowerCase();
  if (lower === '*') return true;
  if (isIP(lower) === 0 && hostPattern(lower) === undefined) return false;
  const host = isIP(lower) === 6 ? `[${lower}]` : lower.replace(/^\*\./, '');
  return URL.canParse(`https://${host}`) && new URL(`https://${host}`).hostname === host;
}

/**
 * Parses an origin as browsers send it, `http://localhost:*` for all its ports, `https://*.example.com` for all names
 * below it, or `*`; undefined for a pattern that can never match an Origin header.
 */
export function originPattern(pattern: string): NamePattern | undefined {
  const lower = pattern.toLowerCase();
  if (lower === '*') return () => true;
  if (lower === 'null') return (origin) => origin === 'null';
  const [, scheme, host = '', port] = ORIGIN_PATTERN.exec(lower) ?? [];
  if (scheme === undefined) return undefined;
  const isHost = host.startsWith('*.') ? hostPattern(host) : (name: string) => name === host;
  if (isHost === undefined || !isAsBrowsersWrite({ scheme, host: host.replace(/^\*\./, ''), port })) return undefined;
  // Browsers leave out a scheme's default port.
  const asked = port === DEFAULT_PORTS[scheme] ? undefined : port;
  return (origin) => {
    const [, itsScheme, itsHost = '', itsPort] = ORIGIN_PATTERN.exec(origin.slice(0, 512)) ?? [];
    return itsScheme === scheme && isHost(itsHost) && (asked === '*' || itsPort === asked);
  };
}

/**
 * Whether the host and port are spelled as browsers send them for web pages: `[::1]`, `127.0.0.1`, `8080`, but not
 * `[0:0::1]`, `127.1`, `08080`.
 */
function isAsBrowsersWrite(origin: {
  readonly scheme: string;
  readonly host: string;
  readonly port?: string | undefined;
}) {
  const { scheme, host, port = '*' } = origin;
  if (port !== '*' && (String(Number(port)) !== port || Number(port) > 65_535)) return false;
  if (!Object.hasOwn(DEFAULT_PORTS, scheme)) return !SOCKETS.has(scheme);
  return URL.canParse(`${scheme}://${host}`) && new URL(`${scheme}://${host}`).hostname === host;
}

/** A page that opens a web socket has an http or https origin. */
const SOCKETS: ReadonlySet<string> = new Set(['ws', 'wss']);
