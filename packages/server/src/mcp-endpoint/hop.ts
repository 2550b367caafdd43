type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Says which installation of Latchkey sends a request to an MCP server. */
export const HOP_HEADER = 'Latchkey-Hop';

/** A fetch that says whose it is, so that an installation that is listed in its own mcp.json knows itself. */
export const withHop =
  (fetch: Fetch, installation: string): Fetch =>
  (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set(HOP_HEADER, installation);
    return fetch(url, { ...init, headers });
  };

/** Whether a request was sent by this very installation. */
export const isOwnHop = (values: readonly string[], installation: string): boolean =>
  values.some((value) => value.split(',').some((name) => name.trim() === installation));
