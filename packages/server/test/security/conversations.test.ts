import { attenuateToken } from '@latchkey/auth-core';
import { llm } from '@latchkey/auth-core/llm';
import { says } from '@latchkey/engine/testing';
import { expect, it } from 'vitest';
import { send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';

const GRANT = { actions: ['chat' as const], models: ['*'] };

it("nobody goes on with another token's conversation, nor with one of another project (ids that anybody may name)", async () => {
  const server = await newServer({ turns: Array.from({ length: 20 }, () => says('Hi')) });
  const { auth } = server;
  const ask = async (token: string, previous?: string, project?: string) => {
    const body = {
      model: 'ibm/granite',
      input: 'Hi',
      store: true,
      ...(previous && { previous_response_id: previous }),
    };
    const headers = project === undefined ? {} : { 'latchkey-project': project };
    return send(server.app, { method: 'POST', path: '/api/v1/chat', token, body, headers });
  };
  const issue = async (details: object = {}) =>
    (await auth.issue({ name: 'x', owner: 'ada', grant: GRANT, ...details }, auth.operator())).token;
  const mine = await issue();
  const first = (await ask(mine)).json().response_id as string;
  expect((await ask(mine, first)).status).toBe(200);
  // A token has the conversations of tokens that are derived from it, and those do not have its own.
  const derived = await attenuateToken(llm, mine, GRANT);
  const itsFirst = (await ask(derived)).json().response_id as string;
  expect((await ask(derived, itsFirst)).status).toBe(200);
  expect((await ask(mine, itsFirst)).status).toBe(200);

  const strangers = [
    await ask(derived, first),
    await ask(await attenuateToken(llm, mine, { ...GRANT, models: ['ibm/*'] }), itsFirst),
    await ask(await issue(), first),
    await ask(await server.issue({ actions: ['*'], models: ['*'] }), first),
    await ask(mine, first, 'alpha'),
    await ask(mine, `resp_${'0'.repeat(48)}`),
  ];
  const inAlpha = (await ask(mine, undefined, 'alpha')).json().response_id as string;
  expect((await ask(mine, inAlpha, 'alpha')).status).toBe(200);
  strangers.push(
    await ask(mine, inAlpha),
    await ask(mine, inAlpha, 'beta'),
    await ask(await issue({ project: 'alpha' }), inAlpha),
  );
  for (const answer of strangers) {
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ error: { code: 'previous_response_not_found' } });
  }
});
