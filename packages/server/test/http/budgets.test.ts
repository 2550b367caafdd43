import { callsTool, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import type { ServerConfigInput } from '../../src/config/schema.ts';
import { send } from './in-process-client.ts';
import { rpc } from './mcp-client.ts';
import { newServer, type TestServer, type TestServerOptions } from './new-server.ts';

/** One token of a prompt costs 1 EUR, one of an answer 2 EUR: each scripted turn, of five and two, costs 9 EUR. */
const prices = {
  currency: 'EUR',
  models: { 'ibm/*': { input: '1000000', output: '2000000' } },
  tools: { 'mcp/a': { echo: '12' } },
};
const chat = { method: 'POST', path: '/api/v1/chat', body: { model: 'ibm/granite', input: 'Hi' } };
const GRANT = { actions: ['chat', 'usage:read'], models: ['*'], mcp: { '*': { tools: { '*': {} } } } };
const ALL = { actions: ['*'], models: ['*'], mcp: GRANT.mcp };

const serve = (options: TestServerOptions = {}, budgets: ServerConfigInput['budgets'] = {}): Promise<TestServer> =>
  newServer({ turns: Array.from({ length: 8 }, () => says('Yes')), ...options, money: { prices, budgets } });

/** Makes a token over the API, as an operator does. */
async function issue(server: TestServer, body: object): Promise<string> {
  const admin = await server.issue(ALL, 'admin');
  const made = await send(server.app, {
    method: 'POST',
    path: '/api/v1/tokens',
    token: admin,
    body: { name: 'ci', grant: GRANT, ...body },
  });
  expect(made).toMatchObject({ status: 201 });
  return String(made.json().token);
}

describe('a budget in money', () => {
  it('bounds what a round may have, counts what was used, and refuses when too little is left', async () => {
    const server = await serve();
    const token = await issue(server, { budget: { perMonth: '20 EUR' } });
    expect((await send(server.app, { ...chat, token })).status).toBe(200);
    expect((await send(server.app, { ...chat, token })).status).toBe(200);
    // 11 EUR were left: five for the prompt, and three tokens of the answer.
    expect(server.engine.requests[1]?.maxOutputTokens).toBe(3);
    const third = await send(server.app, { ...chat, token });
    expect([third.status, third.json()]).toMatchObject([
      429,
      { error: { code: 'budget_exceeded', param: 'moneyPerMonth' } },
    ]);
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
    expect(server.engine.requests).toHaveLength(2);
  });

  it('is shown in words, with what is left of it', async () => {
    const server = await serve();
    const token = await issue(server, { budget: { perDay: '9.50 EUR', perMonth: '20 EUR' } });
    await send(server.app, { ...chat, token });
    const limits = (await send(server.app, { path: '/api/v1/whoami', token })).json().limits;
    expect(limits).toMatchObject([
      { name: 'moneyPerDay', money: { limit: '9.50 EUR', remaining: '0.50 EUR' } },
      { name: 'moneyPerMonth', money: { limit: '20 EUR', remaining: '11 EUR' } },
    ]);
    const admin = await server.issue(ALL, 'admin');
    const listed = (await send(server.app, { path: '/api/v1/tokens', token: admin })).json().tokens;
    expect(listed).toContainEqual(
      expect.objectContaining({ name: 'ci', budget: { perDay: '9.50 EUR', perMonth: '20 EUR' } }),
    );
  });

  it('of an owner is that of all of its tokens, and of no other owner', async () => {
    const server = await serve({}, { owners: { ada: { perMonth: '18 EUR' } } });
    const [one, two] = [await issue(server, { owner: 'ada' }), await issue(server, { owner: 'ada' })];
    const other = await issue(server, { owner: 'grace' });
    const statuses = [];
    for (const token of [one, two, one, two, other, other, other])
      statuses.push((await send(server.app, { ...chat, token })).status);
    expect(statuses).toEqual([200, 200, 429, 429, 200, 200, 200]);
    expect((await send(server.app, { ...chat, token: two })).json()).toMatchObject({
      error: { details: { source: 'owner ada' } },
    });
  });

  it('of each owner, and of a project, is counted apart', async () => {
    const server = await serve(
      {},
      { owners: { '*': { perMonth: '9 EUR' } }, projects: { web: { perMonth: '9 EUR' } } },
    );
    const [ada, grace] = [
      await issue(server, { owner: 'ada', project: 'web' }),
      await issue(server, { owner: 'grace', project: 'web' }),
    ];
    const alone = await issue(server, { owner: 'grace' });
    const statuses = [];
    for (const token of [ada, ada, grace, alone]) statuses.push((await send(server.app, { ...chat, token })).status);
    expect(statuses).toEqual([200, 429, 429, 200]);
  });

  it('takes nothing for a model without a price, also when it is used up', async () => {
    const server = await newServer({
      turns: [says('Yes'), says('Yes')],
      money: { prices: { currency: 'EUR', models: { 'ibm/other': { input: '9000000', output: '1' } } } },
    });
    const token = await issue(server, { budget: { perMonth: '1 EUR' } });
    expect((await send(server.app, { ...chat, token })).status).toBe(200);
    const dear = await send(server.app, { ...chat, token, body: { ...chat.body, model: 'ibm/other' } });
    expect(dear.json()).toMatchObject({ error: { code: 'budget_exceeded' } });
  });

  it('pays for tool calls in a chat, and refuses those beyond it', async () => {
    const server = await serve({
      turns: [callsTool('echo', { text: 'one' }), callsTool('echo', { text: 'two' }), says('Done')],
    });
    const token = await issue(server, { budget: { perMonth: '40 EUR' } });
    const body = { ...chat.body, integrations: ['mcp/a'] };
    const answer = (await send(server.app, { ...chat, token, body })).json();
    // Three turns are 27 EUR and one call is 12 EUR; after the second turn, 10 EUR are left.
    expect(answer.output).toMatchObject([
      { type: 'tool_call' },
      { type: 'invalid_tool_call', reason: expect.stringContaining('budget') },
      {},
    ]);
    const usage = (await send(server.app, { path: '/api/v1/usage?group=model', token })).json();
    expect(usage).toMatchObject({
      rows: [{ model: 'ibm/granite', cost: '39 EUR' }],
      totals: { cost: '39 EUR', toolCalls: 1 },
    });
  });

  it('pays for tool calls over /mcp, and refuses those beyond it', async () => {
    const server = await serve();
    const token = await issue(server, { budget: { perMonth: '15 EUR' } });
    const call = () => rpc(server, token, 'legacy', 'tools/call', { name: 'a__echo', arguments: { text: 'x' } });
    expect(JSON.stringify(await call())).not.toContain('budget');
    expect(JSON.stringify(await call())).toContain('budget');
    const usage = (await send(server.app, { path: '/api/v1/usage', token })).json();
    expect(usage).toMatchObject({ totals: { cost: '12 EUR', toolCalls: 1 } });
  });

  it.each([
    [{ perMonth: '20 USD' }, 'EUR'],
    [{ perMonth: '20' }, 'such as 20 EUR'],
    [{ perMonth: '-1 EUR' }, 'such as 20 EUR'],
    [{ perMonth: '0.0000000001 EUR' }, 'nine digits'],
  ])('is refused as %o', async (budget, says) => {
    const server = await serve();
    const admin = await server.issue(ALL, 'admin');
    const made = await send(server.app, {
      method: 'POST',
      path: '/api/v1/tokens',
      token: admin,
      body: { name: 'x', grant: GRANT, budget },
    });
    expect([made.status, JSON.stringify(made.json())]).toEqual([400, expect.stringContaining(says)]);
  });

  it('is refused where nothing has a price: it would limit nothing', async () => {
    const server = await newServer();
    const admin = await server.issue(ALL, 'admin');
    const body = { name: 'x', grant: GRANT, budget: { perMonth: '20 EUR' } };
    expect((await send(server.app, { method: 'POST', path: '/api/v1/tokens', token: admin, body })).status).toBe(400);
    await expect(newServer({ money: { budgets: { owners: { ada: { perMonth: '1 EUR' } } } } })).rejects.toThrow(
      'no prices',
    );
  });
});
