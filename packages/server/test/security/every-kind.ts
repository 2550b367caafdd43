import { attenuateToken, type StoredTokenKind, TOKEN_KINDS, type TokenKind } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import { send } from '../http/in-process-client.ts';
import type { TestServer } from '../http/new-server.ts';

/** Of no kind that another one could be taken for, and strong enough to be taken. */
export const CUSTOM_TEXT = 'wZ4qT9xLr7Vb2NcK8sHd';

/** The kinds that a caller presents in a header. */
export const KINDS_IN_HEADERS: readonly TokenKind[] = TOKEN_KINDS.filter((kind) => kind !== 'place-bound');

/** A token of each kind, made as operators and holders make them. */
export async function makeEveryKind(server: TestServer, grant: Grant): Promise<Readonly<Record<TokenKind, string>>> {
  const { app, auth } = server;
  const admin = await server.issue({ actions: ['*'] });
  const change = { tokenKinds: { 'place-bound': true } };
  await send(app, { method: 'PATCH', path: '/api/v1/settings', token: admin, body: change });
  const issue = async (kind: StoredTokenKind) =>
    (
      await auth.issue(
        { name: `the ${kind}`, kind, grant, ...(kind === 'custom' && { secret: CUSTOM_TEXT }) },
        auth.operator(),
      )
    ).token;
  const personal = await issue('personal-access');
  const refreshed = await send(app, { method: 'POST', path: '/api/token/refresh', body: { refresh: personal } });
  const apiKey = await issue('api-key');
  return {
    'api-key': apiKey,
    custom: await issue('custom'),
    'personal-access': personal,
    legacy: await issue('legacy'),
    'place-bound': await issue('place-bound'),
    access: refreshed.json().access as string,
    attenuated: await attenuateToken(llm, apiKey, grant),
  };
}

/** What of a token must never be seen anywhere but in the hands of its holder. */
export function secretOf(kind: TokenKind, text: string): string {
  if (kind === 'api-key') return text.slice(-20);
  if (kind === 'legacy' || kind === 'place-bound') return text.slice(-30);
  return kind === 'custom' ? text : text.slice(text.lastIndexOf('.') + 1);
}
