import { type Client, type ClientOptions, createClient } from '../../src/index.ts';

/** A request as it was sent. */
export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | null;
  readonly headers: Headers;
  readonly body: string;
  readonly redirect: string;
}

export interface ScriptedServer {
  readonly client: Client;
  readonly sent: readonly Sent[];
}

/** A client whose requests are answered here, and what it has sent. */
export function scriptedServer(
  answer: (sent: Sent, signal: AbortSignal) => Response | Promise<Response>,
  options: ClientOptions = {},
): ScriptedServer {
  const sent: Sent[] = [];
  const client = createClient({
    url: 'http://127.0.0.1:1',
    profile: null,
    environment: {},
    ...options,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const { method, url, headers, redirect } = request;
      const one = { method, url, headers, redirect, authorization: headers.get('authorization') };
      const seen = { ...one, body: await request.text() };
      sent.push(seen);
      return answer(seen, request.signal);
    },
  });
  return { client, sent };
}
