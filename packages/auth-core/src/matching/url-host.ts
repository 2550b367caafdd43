// Characters that URL readers disagree about: blanks and controls are dropped by some, a backslash is a slash to others.
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const DISPUTED = /[\u0000-\u0020\u007f\\]/;
// A host of ASCII, no longer than DNS has any (RFC 1035 section 2.3.4), without a user before it, and its port apart.
const AUTHORITY = /^https?:\/\/([^/?#@\u0080-\uffff]{1,253}?)(?::[0-9]*)?(?:[/?#]|$)/i;

/**
 * Reads the host name out of an http or https URL (WHATWG URL), in lower case, without the port; an IPv6 address
 * keeps its brackets.
 *
 * Undefined when it is no such URL, names a user, or is written so that two readers could see two hosts in it: with an
 * escape, a letter beyond ASCII or a number such as `0177.1` in the host.
 */
export function readUrlHost(text: string): string | undefined {
  if (DISPUTED.test(text)) return undefined;
  const written = AUTHORITY.exec(text)?.[1]?.toLowerCase();
  if (written === undefined || !URL.canParse(text)) return undefined;
  const { hostname } = new URL(text);
  return written === hostname || written.startsWith('[') ? hostname : undefined;
}
