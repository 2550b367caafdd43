import { expect } from 'vitest';
import type { ServerConfigInput } from '../../src/config/schema.ts';
import { type Answer, send } from '../http/in-process-client.ts';
import { newServer, type TestServer, type TestServerOptions } from '../http/new-server.ts';
import { newProvider, type TestProvider } from './provider-server.ts';

export const PUBLIC_URL = 'http://localhost';
export const GRANTS = [
  { group: 'admins', grant: { actions: ['*'], models: ['*'] } },
  { group: 'team', grant: { actions: ['chat', 'models:read', 'tokens:write'], models: ['ibm/granite'] } },
];

/** A browser that signs in at a provider, step by step. */
export interface SignInScene {
  readonly server: TestServer;
  readonly provider: TestProvider;
  /** Opens `/openid/start`. */
  begin(to?: string): Promise<{ readonly answer: Answer; readonly url: string; readonly cookie: string }>;
  /** Opens `/openid/callback`. */
  comeBack(query: string, cookie?: string): Promise<Answer>;
  /** All of it; where the browser is sent in the end. */
  signIn(to?: string): Promise<SignedIn>;
}

export interface SignedIn {
  readonly location: string;
  /** The cookies that the browser has then. */
  readonly cookies: readonly string[];
  /** What the fragment of the address says. */
  readonly fragment: string;
  /** Asks the API as the page of the console does. */
  send(path: string): Promise<Answer>;
}

export const cookiesOf = ({ headers }: Answer): readonly string[] =>
  (headers['set-cookie'] ?? []).map((line) => line.split(';')[0] ?? '').filter((pair) => !pair.endsWith('='));

export async function newScene(
  openid: Partial<NonNullable<ServerConfigInput['openid']>> = {},
  { shares, environment }: Pick<TestServerOptions, 'shares' | 'environment'> = {},
): Promise<SignInScene> {
  const provider = await newProvider();
  const server = await newServer({
    publicUrl: PUBLIC_URL,
    openid: { issuer: provider.issuer, clientId: 'latchkey', name: 'Example', grants: GRANTS, ...openid },
    ...(shares && { shares }),
    ...(environment && { environment }),
  });
  return sceneOf(server, provider);
}

export function sceneOf(server: TestServer, provider: TestProvider): SignInScene {
  const begin = async (to?: string) => {
    const query = to === undefined ? '' : `?${new URLSearchParams({ to })}`;
    const answer = await send(server.app, { path: `/openid/start${query}` });
    return { answer, url: String(answer.headers.location), cookie: cookiesOf(answer).join('; ') };
  };
  const comeBack = (query: string, cookie?: string) =>
    send(server.app, { path: `/openid/callback?${query}`, headers: cookie === undefined ? {} : { cookie } });
  return {
    server,
    provider,
    begin,
    comeBack,
    async signIn(to) {
      const { url, cookie } = await begin(to);
      const answer = await comeBack(provider.answer(url), cookie);
      expect(answer.status, answer.text).toBe(303);
      const location = String(answer.headers.location);
      const cookies = cookiesOf(answer);
      const fragment = location.split('#')[1] ?? '';
      const pageKey = fragment.split('.')[1] ?? 'none';
      return {
        location,
        cookies,
        fragment,
        send: (path) =>
          send(server.app, { path, headers: { cookie: cookies.join('; '), 'latchkey-page-key': pageKey } }),
      };
    },
  };
}
