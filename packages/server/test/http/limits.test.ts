import { progress, says, talksUntilAborted } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../src/contracts/server-error.ts';
import { open, send } from './in-process-client.ts';
import { newServer } from './new-server.ts';

const chat = { method: 'POST', path: '/api/v1/chat', body: { model: 'ibm/granite', input: 'Hi' } };
const grantWith = (limits: Record<string, number>) => ({ actions: ['chat'], models: ['*'], limits });

describe('the limits of a grant', () => {
  it('requestsPerMinute is a 429 that says when to come back, once it is used up', async () => {
    const server = await newServer({ turns: [says('Hello')] });
    const token = await server.issue(grantWith({ requestsPerMinute: 1 }));
    const first = await send(server.app, { ...chat, token });
    expect(first.status).toBe(200);
    expect(first.headers.ratelimit).toContain('"requestsPerMinute";r=0');
    const second = await send(server.app, { ...chat, token });
    expect(second.status).toBe(429);
    expect(second.json()).toMatchObject({
      error: {
        code: 'requests_per_minute_exceeded',
        param: 'requestsPerMinute',
        details: { code: 'AUTH_LIMIT_EXCEEDED', limit: 'requestsPerMinute', source: 'token test' },
      },
    });
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
    expect(second.headers.ratelimit).toBe(`"requestsPerMinute";r=0;t=${second.headers['retry-after']}`);
  });

  it("one token's limit is no other's", async () => {
    const server = await newServer({ turns: [says('Hello'), says('Hello')] });
    const grant = grantWith({ requestsPerMinute: 1 });
    for (const token of [await server.issue(grant), await server.issue(grant)]) {
      expect((await send(server.app, { ...chat, token })).status).toBe(200);
    }
  });

  it('concurrentRequests counts a stream until it has ended', async () => {
    const server = await newServer({ turns: [talksUntilAborted, says('Hello')] });
    const token = await server.issue(grantWith({ concurrentRequests: 1 }));
    const running = await open(server.app, { ...chat, token, body: { ...chat.body, stream: true } });
    await running.received('"and "');
    expect((await send(server.app, { ...chat, token })).json()).toMatchObject({
      error: { code: 'concurrent_requests_exceeded', param: 'concurrentRequests' },
    });
    server.stop.abort();
    await running.received('chat.end');
  });

  it('tokensPerDay bounds what a round may have, prompt and answer together', async () => {
    const server = await newServer({ turns: [says('Hello')] });
    const token = await server.issue(grantWith({ tokensPerDay: 100 }));
    await send(server.app, { ...chat, token });
    expect(server.engine.requests[0]?.maxOutputTokens).toBe(95);
  });

  it('tokensPerDay counts what was used, gives back the rest, and refuses when nothing is left', async () => {
    // Each turn has five tokens of prompt and two of answer.
    const server = await newServer({ turns: [says('One'), says('Two')] });
    const token = await server.issue(grantWith({ tokensPerDay: 14 }));
    await send(server.app, { ...chat, token });
    await send(server.app, { ...chat, token });
    expect(server.engine.requests[1]?.maxOutputTokens).toBe(2);
    const third = await send(server.app, { ...chat, token });
    expect(third.status).toBe(429);
    expect(third.json()).toMatchObject({ error: { code: 'tokens_per_day_exceeded', param: 'tokensPerDay' } });
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0);
    const streamed = await send(server.app, { ...chat, token, body: { ...chat.body, stream: true } });
    expect([streamed.status, streamed.headers['retry-after']]).toEqual([429, expect.any(String)]);
    expect(streamed.json()).toMatchObject({ error: { code: 'tokens_per_day_exceeded' } });
  });

  it('a conversation that is longer than what is left is told so, not that the context is too small', async () => {
    const server = await newServer();
    server.engine.countPrompt = () => 10;
    const token = await server.issue(grantWith({ tokensPerDay: 1000, tokensPerMonth: 10 }));
    const answer = await send(server.app, { ...chat, token });
    expect([answer.status, answer.json()]).toMatchObject([429, { error: { code: 'tokens_per_month_exceeded' } }]);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect(server.engine.requests).toEqual([]);
  });

  it('tokensPerDay keeps for a request that runs its prompt and its longest answer, and leaves the rest to others', async () => {
    const server = await newServer({ turns: [talksUntilAborted, says('Hello')] });
    const token = await server.issue(grantWith({ tokensPerDay: 100 }));
    const left = async () => (await send(server.app, { path: '/api/v1/whoami', token })).json().limits;
    const body = { ...chat.body, max_output_tokens: 20 };
    const running = await open(server.app, { ...chat, token, body: { ...body, stream: true } });
    await running.received('"and "');
    expect(await left()).toMatchObject([{ remaining: 75 }]);
    expect((await send(server.app, { ...chat, token, body })).status).toBe(200);
    expect(server.engine.requests.map(({ maxOutputTokens }) => maxOutputTokens)).toEqual([20, 20]);
    expect(await left()).toMatchObject([{ remaining: 68 }]);
    server.stop.abort();
    await running.received('chat.end');
  });

  it('tokensPerDay is no reason to refuse a prompt that is longer than the context: that is what is said of it', async () => {
    const server = await newServer({
      turns: [
        // biome-ignore lint/correctness/useYield: an engine refuses before its first event
        async function* () {
          throw new ServerError('CONTEXT_EXCEEDED', 'The conversation has 100000 tokens.');
        },
      ],
    });
    server.engine.countPrompt = () => 100_000;
    const token = await server.issue(grantWith({ tokensPerDay: 1000 }));
    expect((await send(server.app, { ...chat, token })).json()).toMatchObject({
      error: { code: 'context_length_exceeded' },
    });
  });

  it('charges an answer whose engine died, and counted nothing, with what was reserved for it', async () => {
    const server = await newServer({
      turns: [
        async function* () {
          yield progress(5, 5);
          yield { type: 'message.delta', text: 'twelve chars' };
          throw new ServerError('MODEL_CRASHED', 'The model died.');
        },
        says('Hello'),
      ],
    });
    const token = await server.issue(grantWith({ tokensPerDay: 100 }));
    await send(server.app, { ...chat, token });
    expect((await send(server.app, { ...chat, token })).status).toBe(429);
    expect(server.engine.requests).toHaveLength(1);
  });
});
