// Characters that URL readers disagree about: blanks and controls are dropped by some, a backslash is a slash to others.
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const DISPUTED = /[\u0000-\u0020\u007f\\]/;
const AUTHORITY = /^https?:\/\/([^/?#]+)/i;

/**
 * Reads the host name out of an http or https URL (WHATWG URL), in lower case, without the port; an IPv6 address
 * keeps its brackets.
 *
 * Undefined when it is no such URL, names a user, or is written so that two readers could see two hosts in it.
 */
export function readUrlHost(text: string): string | undefined {
  if (DISPUTED.test(text)) return undefined;
  const authority = AUTHORITY.exec(text)?.[1];
  if (authority === undefined || authority.includes('@')) return undefined;
  return URL.canParse(text) ? new URL(text).hostname : undefined;
}
