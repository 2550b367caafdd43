import { expect } from 'vitest';
import { type Answer, type Call, type OpenAnswer, open, send } from './in-process-client.ts';
import type { TestServer } from './new-server.ts';

/** The origin of the pages of a server in these tests. */
export const ORIGIN = 'http://localhost';

/** A page of the console in a browser: it has the cookie of its session and the page key. */
export interface ConsolePage {
  readonly id: string;
  /** As the browser sends it. */
  readonly cookie: string;
  readonly pageKey: string;
  readonly headers: { readonly cookie: string; readonly 'latchkey-page-key': string };
  send(path: string, call?: Omit<Call, 'path'>): Promise<Answer>;
  open(path: string, call?: Omit<Call, 'path'>): Promise<OpenAnswer>;
}

export const startSession = (
  { app }: Pick<TestServer, 'app'>,
  body: unknown,
  headers: Call['headers'] = {},
): Promise<Answer> =>
  send(app, { method: 'POST', path: '/api/v1/sessions', body, headers: { origin: ORIGIN, ...headers } });

/** Signs in with a token, as the page does. */
export async function signIn(server: Pick<TestServer, 'app'>, token: string): Promise<ConsolePage> {
  const answer = await startSession(server, { token });
  expect(answer.status, answer.text).toBe(201);
  const { id, pageKey } = answer.json() as { id: string; pageKey: string };
  const [cookie = ''] = (answer.headers['set-cookie']?.[0] ?? '').split(';');
  const headers = { cookie, 'latchkey-page-key': pageKey };
  const withKeys = (path: string, call: Omit<Call, 'path'> = {}): Call => ({
    ...call,
    path,
    headers: { ...headers, ...call.headers },
  });
  return {
    id,
    cookie,
    pageKey,
    headers,
    send: (path, call) => send(server.app, withKeys(path, call)),
    open: (path, call) => open(server.app, withKeys(path, call)),
  };
}
