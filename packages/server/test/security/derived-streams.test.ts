import { attenuateToken } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { open, send } from '../http/in-process-client.ts';
import { newServer, type TestServer } from '../http/new-server.ts';

const GRANT = { actions: ['chat' as const], models: ['*'] };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function exchange({ app }: TestServer, subject: string, type: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subject,
    subject_token_type: 'urn:latchkey:params:oauth:token-type:api-key',
    requested_token_type: type,
  });
  const answer = await send(app, { method: 'POST', path: '/oauth/token', headers: FORM, body: body.toString() });
  return answer.json().access_token as string;
}

const DERIVED: readonly (readonly [string, (server: TestServer, parent: string) => Promise<string>])[] = [
  ['an access token', (server, parent) => exchange(server, parent, 'urn:ietf:params:oauth:token-type:access_token')],
  ['an exchanged key', (server, parent) => exchange(server, parent, 'urn:latchkey:params:oauth:token-type:api-key')],
  ['an attenuated token', (_, parent) => attenuateToken(llm, parent, GRANT)],
];

describe('what was derived from a token ends with it (children that outlive their parent)', () => {
  it.each(DERIVED)('and so does a stream that runs on %s', async (_, derive) => {
    const server = await newServer({ turns: [talksUntilAborted] });
    const { auth } = server;
    const parent = await auth.issue({ name: 'parent', grant: GRANT }, auth.operator());
    const token = await derive(server, parent.token);
    const body = { model: 'ibm/granite', input: 'Go on', stream: true };
    const stream = await open(server.app, { method: 'POST', path: '/api/v1/chat', token, body });
    await stream.received('"and "');
    await auth.revoke(parent.record.id, auth.operator());
    expect(await stream.received('event: chat.end')).toContain('"code":"token_revoked"');
    expect((await send(server.app, { path: '/api/v1/whoami', token })).status).toBe(401);
  });
});
