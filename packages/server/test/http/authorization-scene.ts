import { createHash } from 'node:crypto';
import type { Grant } from '@latchkey/auth-core/llm';
import { type ConsolePage, signIn } from './console-page.ts';
import { type Answer, send } from './in-process-client.ts';
import { ISSUER, newServer, type TestServer, type TestServerOptions } from './new-server.ts';

export const RESOURCE = `${ISSUER}/mcp`;
export const REDIRECT = 'http://127.0.0.1:4000/callback';
export const VERIFIER = 'v'.repeat(43);
export const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');
/** A person who may use two servers. */
export const PERSON = {
  actions: ['chat', 'tokens:write'],
  mcp: { 'mcp/a': { tools: { '*': {} } }, 'mcp/b': { tools: { echo: {} } } },
};
export const ECHO_OF_A = [{ id: 'mcp/a', tools: ['echo'] }];

type Fields = Readonly<Record<string, unknown>>;

/** A client of `/mcp`, a person with a page of the console, and a server that lets the one in for the other. */
export interface AuthorizationScene {
  readonly server: TestServer;
  readonly page: ConsolePage;
  readonly token: string;
  readonly clientId: string;
  /** What the client asks for. */
  request(changes?: Fields): Record<string, string>;
  /** What the person decides on the page. */
  decide(changes?: Fields, request?: Fields): Promise<Answer>;
  /** The URL that the browser is sent to. */
  answered(changes?: Fields): Promise<URL>;
  allow(changes?: Fields): Promise<string>;
  post(path: string, form: Fields): Promise<Answer>;
  redeem(code: string, changes?: Fields): Promise<Answer>;
  refresh(refreshToken: string, changes?: Fields): Promise<Answer>;
  /** Access and refresh token of a client that was let in. */
  connect(changes?: Fields): Promise<{ readonly access: string; readonly refresh: string }>;
}

export async function newScene({
  grant = PERSON,
  expiresAt,
  ...options
}: TestServerOptions & { readonly grant?: object; readonly expiresAt?: string } = {}): Promise<AuthorizationScene> {
  const server = await newServer({ authorizationServer: true, ...options });
  const { token } = await server.auth.issue(
    { name: 'mara', grant: grant as Grant, ...(expiresAt === undefined ? {} : { expiresAt }) },
    server.auth.operator(),
  );
  const page = await signIn(server, token);
  const registration = await send(server.app, {
    method: 'POST',
    path: '/oauth/register',
    body: { client_name: 'An Editor', redirect_uris: [REDIRECT] },
  });
  const { client_id: clientId } = registration.json() as { client_id: string };
  const present = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<string, string>;

  const request = (changes: Fields = {}) =>
    present({
      response_type: 'code',
      client_id: clientId,
      redirect_uri: REDIRECT,
      state: 'the state',
      code_challenge: challengeOf(VERIFIER),
      code_challenge_method: 'S256',
      resource: RESOURCE,
      ...changes,
    });
  const decide = (changes: Fields = {}, asked: Fields = {}) =>
    page.send('/api/v1/oauth/authorization', {
      method: 'POST',
      body: { request: request(asked), allow: true, servers: ECHO_OF_A, days: 7, ...changes },
    });
  const answered = async (changes?: Fields) => new URL(String((await decide(changes)).json().redirect));
  const allow = async (changes?: Fields) => (await answered(changes)).searchParams.get('code') ?? '';
  const post = (path: string, form: Fields) =>
    send(server.app, {
      method: 'POST',
      path,
      body: new URLSearchParams(present(form)).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  const redeem = (code: string, changes: Fields = {}) =>
    post('/oauth/token', {
      grant_type: 'authorization_code',
      code,
      client_id: clientId,
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
      resource: RESOURCE,
      ...changes,
    });
  const refresh = (refreshToken: string, changes: Fields = {}) =>
    post('/oauth/token', { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId, ...changes });
  const connect = async (changes?: Fields) => {
    const answer = (await redeem(await allow(changes))).json();
    return { access: String(answer.access_token), refresh: String(answer.refresh_token) };
  };
  return { server, page, token, clientId, request, decide, answered, allow, post, redeem, refresh, connect };
}
