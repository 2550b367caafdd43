import { CommandError } from './command-error.ts';

/** Speaks to a running server. */
export interface ApiClient {
  readonly url: string;
  /** Throws CommandError in plain words when the server refuses or is not there. */
  request(method: string, path: string, body?: unknown): Promise<Response>;
}

export type Fetch = typeof globalThis.fetch;

export function createApiClient(url: string, token: string | undefined, fetch: Fetch = globalThis.fetch): ApiClient {
  return {
    url,
    request: async (method, path, body) => {
      let response: Response;
      try {
        response = await fetch(new URL(path, url), {
          method,
          headers: {
            ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
            ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
      } catch (error) {
        throw new CommandError(
          `No server answers at ${url}. Start one with 'latchkey serve', or name another with --url.`,
          { cause: error },
        );
      }
      if (response.ok) return response;
      throw new CommandError(await describeRefusal(response));
    },
  };
}

async function describeRefusal(response: Response): Promise<string> {
  const body = (await response.json().catch(() => undefined)) as { error?: { message?: unknown } } | undefined;
  const message = typeof body?.error?.message === 'string' ? body.error.message : response.statusText;
  const hint =
    response.status === 401
      ? ' Set LATCHKEY_API_TOKEN, or use --data to name the data folder whose administrator token is to be used.'
      : '';
  return `${message} (HTTP ${response.status})${hint}`;
}
