// Characters that URL parsers treat differently: some drop blanks and controls, some read a backslash as a slash.
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const DISPUTED = /[\u0000-\u0020\u007f\\]/;
// An ASCII host of at most DNS's length (RFC 1035 section 2.3.4), without a user in front; the port is not captured.
const AUTHORITY = /^https?:\/\/([^/?#@\u0080-\uffff]{1,253}?)(?::[0-9]{0,5})?(?:[/?#]|$)/i;

/** The host and port that a URL leads to. */
export interface UrlPlace {
  /** In lower case; an IPv6 address keeps its brackets. */
  readonly host: string;
  readonly port: number;
}

/** The longest URL that is read. */
const MAXIMUM_LENGTH = 16_384;

/**
 * Reads host name and port out of an http or https URL (WHATWG URL).
 *
 * Undefined when it is not such a URL, names a user, or is written so that two parsers could find different hosts: with
 * an escape, a letter beyond ASCII or a number such as `0177.1` in the host.
 */
export function readUrlPlace(text: string): UrlPlace | undefined {
  if (text.length > MAXIMUM_LENGTH || DISPUTED.test(text)) return undefined;
  const written = AUTHORITY.exec(text)?.[1]?.toLowerCase();
  if (written === undefined || !URL.canParse(text)) return undefined;
  const { hostname, port, protocol } = new URL(text);
  if (written !== hostname && !written.startsWith('[')) return undefined;
  return { host: hostname, port: port === '' ? DEFAULT_PORTS[protocol === 'http:' ? 0 : 1] : Number(port) };
}

/** The default ports of http and of https. */
const DEFAULT_PORTS = [80, 443] as const;

/** Whether a port is one that a URL need not name. */
export const isDefaultPort = (port: number): boolean => DEFAULT_PORTS.some((one) => one === port);
