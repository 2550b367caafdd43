type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** The forwarding-loop guard: names the installation that sends a request to an MCP server. */
export const HOP_HEADER = 'Latchkey-Hop';

/**
 * Wraps `fetch` so that requests carry the name of their installation. An installation that is listed in its own
 * mcp.json then recognizes its own requests.
 */
export const withHop =
  (fetch: Fetch, installation: string): Fetch =>
  (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set(HOP_HEADER, installation);
    return fetch(url, { ...init, headers });
  };

/** Whether a request was sent by this installation itself. */
export const isOwnHop = (values: readonly string[], installation: string): boolean =>
  values.some((value) => value.split(',').some((name) => name.trim() === installation));
