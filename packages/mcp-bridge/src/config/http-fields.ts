const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
// The transport's own headers: a file that sets them breaks the framing of HTTP or the protocol's session.
const reservedHeader =
  /^(host|connection|upgrade|te|trailer|transfer-encoding|keep-alive|accept|last-event-id|content-.*|proxy-.*|mcp-.*)$/i;

/** Returns what is wrong with the URL of a server; undefined when it is valid. */
export function urlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return 'must be an http or https URL';
  return url.username === '' && url.password === '' ? undefined : 'must not hold a user; use "headers"';
}

/** Whether a header is one that the transport sends itself, or leaves out for a reason. */
export const isReservedHeader = (name: string): boolean => reservedHeader.test(name);

/** Returns what is wrong with a header that the operator sets, without its value; undefined when it is valid. */
export function headerProblem(name: string, value: string): string | undefined {
  if (!headerName.test(name)) return 'is not the name of an HTTP header';
  if (isReservedHeader(name)) return 'is set by the transport itself; remove it';
  // Checked here because the platform's own error would quote the value, which may be a secret.
  return /^[\t\x20-\x7E]*$/.test(value) ? undefined : 'must be visible ASCII';
}
