/** Where an authorization code is sent: a website, a program on the machine of the person, an app by its own scheme. */
export type RedirectKind = 'website' | 'loopback' | 'app';

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]', 'localhost']);
const MOST_CHARACTERS = 512;

/** The schemes of editors that have no dot in it, as those of apps should (RFC 8252 section 7.1). */
const EDITORS: ReadonlySet<string> = new Set([
  'cursor',
  'vscode',
  'vscode-insiders',
  'vscodium',
  'windsurf',
  'zed',
  'claude',
  'kiro',
  'trae',
  'goose',
  'lmstudio',
  'raycast',
]);

/**
 * The kind of a redirect URI; undefined for one that is not accepted: not a URL, with a fragment or a user name, http
 * beyond the machine itself, or a scheme that a browser would carry out itself, such as `javascript`.
 */
export function kindOfRedirect(text: string): RedirectKind | undefined {
  const url = text.length > MOST_CHARACTERS ? null : URL.parse(text);
  if (url === null || text.includes('#') || url.username !== '' || url.password !== '' || hasHidden(text))
    return undefined;
  if (url.protocol === 'https:') return 'website';
  if (url.protocol === 'http:') return LOOPBACK.has(url.hostname) ? 'loopback' : undefined;
  const scheme = url.protocol.slice(0, -1);
  return EDITORS.has(scheme) || /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+$/.test(scheme) ? 'app' : undefined;
}

/** Blanks, controls and everything beyond ASCII: `URL` drops or converts some of them. */
const hasHidden = (text: string): boolean => /[^\x21-\x7e]|\\/.test(text);

/**
 * Whether a redirect URI is one of the client's: the same text. Of a program on the machine itself the port may differ,
 * since it is known only when the program runs (RFC 8252 section 7.3).
 */
export function isRedirectOf(registered: readonly string[], asked: string): boolean {
  if (kindOfRedirect(asked) === undefined) return false;
  return registered.some((one) => one === asked || isSameLoopback(one, asked));
}

function isSameLoopback(registered: string, asked: string): boolean {
  if (kindOfRedirect(registered) !== 'loopback' || kindOfRedirect(asked) !== 'loopback') return false;
  return withoutPort(registered) === withoutPort(asked);
}

/** The text itself without its port: what `URL` would normalise, such as `..`, stays as it is. */
const withoutPort = (text: string): string =>
  text.replace(/^(http:\/\/(?:\[::1\]|[^:/?[\]]+))(?::\d{1,5})?(?=[/?]|$)/i, '$1');

/** The place that a person is shown: the host of a website, or the scheme of an app. */
export function placeOfRedirect(text: string): string {
  const { protocol, host } = new URL(text);
  return kindOfRedirect(text) === 'app' ? protocol.slice(0, -1) : host;
}
