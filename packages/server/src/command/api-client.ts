import { AuthenticationError, type Client, ConnectionError, LatchkeyError } from '@latchkey/client';
import { CommandError } from './command-error.ts';
import { describeFailure } from './describe-failure.ts';

/** Sends requests to a running server. */
export interface ApiClient {
  readonly url: string;
  /** Throws CommandError with a readable message when the server refuses or cannot be reached. */
  request(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
}

export function createApiClient(client: Client): ApiClient {
  return {
    url: client.url,
    request: (method, path, body, headers = {}) =>
      inPlainWords(() =>
        client.fetch(path, {
          method,
          headers: body === undefined ? headers : { ...headers, 'Content-Type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      ),
  };
}

/** Converts an error of the client to a CommandError that says what to do. */
export async function inPlainWords<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof LatchkeyError)) throw error;
    // The guard of the connection has already reported why nothing was sent.
    if (error.cause instanceof CommandError) throw error.cause;
    const { ending, code } = describeFailure(error);
    throw new CommandError(inWords(error), { ending, code, cause: error });
  }
}

function inWords(error: LatchkeyError): string {
  if (error instanceof ConnectionError && error.code === 'unreachable') {
    return `No server answers at ${error.url}. Start one with 'latchkey serve', or name another with --url.`;
  }
  const status = error.status === undefined ? '' : ` (HTTP ${error.status})`;
  const hint =
    error instanceof AuthenticationError
      ? ' On the machine of the server, --data names the data folder whose administrator token is used.'
      : '';
  return `${error.message}${status}${hint}`;
}
