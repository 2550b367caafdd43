import Anthropic from '@anthropic-ai/sdk';
import { createUpstreamEngine } from '@latchkey/server';
import { engineContract } from '@latchkey/server/testing';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tiktoken } from '../support/mcp-servers.ts';
import {
  callsFunctions,
  HELLO,
  liesAboutItsLength,
  type MisbehavingUpstream,
  sends,
  startMisbehavingUpstream,
} from '../support/misbehaving-upstream.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { CHAT_GRANT, createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let second: TestServer;
let faulty: MisbehavingUpstream;
let server: TestServer;
let secondKey: string;
beforeAll(async () => {
  [second, faulty] = await Promise.all([startServer(), startMisbehavingUpstream()]);
  secondKey = (await createToken(second, 'first', CHAT_GRANT)).token;
  server = await startServer({
    config: {
      upstreams: {
        second: { urls: [`${second.url}/v1`], apiKeyVariable: 'SECOND_KEY' },
        faulty: { urls: [faulty.url], models: { 'faulty/tiny': { name: 'tiny' } }, silenceSeconds: 1 },
      },
    },
    environment: { SECOND_KEY: secondKey },
    mcpServers: { tiktoken: tiktoken() },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await faulty[Symbol.asyncDispose]();
});

const completion = (model: string, more: object = {}) => ({
  model,
  messages: [{ role: 'user', content: 'Repeat: red fox' }],
  ...more,
});
const TINY = { actions: ['chat', 'models:read'], models: ['faulty/*'] } as const;

describe('a second Latchkey as an upstream server', () => {
  verifies('upstream.serves', async () => {
    const caller = await createToken(server, 'caller', { actions: ['chat', 'models:read'], models: ['second/*'] });
    const { body: list } = await caller.get('/v1/models');
    expect(list.data.map(({ id }: { id: string }) => id)).toEqual(['second/latchkey/nano']);
    const { status, body } = await caller.post('/v1/chat/completions', completion('second/latchkey/nano'));
    expect([status, body.choices[0].message.content]).toEqual([200, 'red fox']);
    const direct = await second.admin.post('/v1/chat/completions', completion('latchkey/nano'));
    expect(body.usage).toMatchObject({
      prompt_tokens: direct.body.usage.prompt_tokens,
      completion_tokens: direct.body.usage.completion_tokens,
    });
    expect((await caller.post('/v1/chat/completions', completion('latchkey/nano'))).status).toBe(403);
  });

  verifies('upstream.tools', async () => {
    const tools = { 'mcp/tiktoken': { tools: { 'fetch_*': {} } } };
    const caller = await createToken(server, 'tools', { actions: ['chat'], models: ['second/*'], mcp: tools });
    const { body } = await caller.chat({
      model: 'second/latchkey/nano',
      input: 'What is the first line in the tiktoken documentation?',
      integrations: ['mcp/tiktoken'],
    });
    expect(body.output).toMatchObject([
      { type: 'tool_call', tool: 'fetch_tiktoken_documentation' },
      { type: 'message', content: expect.stringContaining('tiktoken') },
    ]);
  });

  describe('keeps the contract of engines', () => {
    const cases = engineContract(async () => {
      const engine = createUpstreamEngine({
        name: 'box',
        urls: [`${second.url}/v1`],
        apiKey: secondKey,
        cacheSalt: false,
        firstByteMilliseconds: 60_000,
        silenceMilliseconds: 60_000,
      });
      return { engine, key: 'box/latchkey/nano', [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose]() };
    });
    it.each(cases)('$name', ({ run }) => run());
  });
});

describe('an upstream server that misbehaves', () => {
  const half = new TextEncoder().encode('data: {"choices":[{"delta":{"content":"漢').slice(0, -1);
  verifies('upstream.faults', async () => {
    const caller = await createToken(server, 'faults', TINY);
    const ask = () => caller.post('/v1/chat/completions', completion('faulty/tiny'));
    const broken = [
      sends([HELLO], 'resets'),
      sends([HELLO], 'hangs'),
      sends([HELLO]),
      sends([HELLO, 'data: {"choi']),
      sends([HELLO, half]),
      liesAboutItsLength,
    ];
    for (const behaviour of broken) {
      faulty.next.push(behaviour);
      const { status, body } = await ask();
      expect([status, body.error.code]).toEqual([503, 'model_crashed']);
      expect(body.error.message).toMatch(/^The upstream server failed: it .*\. Try again\.$/);
      // Nothing else is touched.
      expect((await ask()).body.choices[0].message.content).toBe('Hello');
    }
  });

  verifies('upstream.one-call', async () => {
    const { token } = await createToken(server, 'one-call', TINY);
    const openai = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: token, maxRetries: 0 });
    const anthropic = new Anthropic({ baseURL: server.url, apiKey: token, maxRetries: 0 });
    const schema = { type: 'object' as const, properties: { city: { type: 'string' } } };
    const messages = [{ role: 'user' as const, content: 'The weather in Oslo and in Rome?' }];
    const chat = {
      model: 'faulty/tiny',
      messages,
      tools: [{ type: 'function' as const, function: { name: 'weather', parameters: schema } }],
    };
    const asResponse = {
      model: 'faulty/tiny',
      input: 'The weather in Oslo and in Rome?',
      tools: [{ type: 'function' as const, name: 'weather', parameters: schema, strict: false }],
    };
    const message = {
      ...{ model: 'faulty/tiny', max_tokens: 50, messages },
      tools: [{ name: 'weather', input_schema: schema }],
    };
    const one = { parallel_tool_calls: false };
    const choice = { tool_choice: { type: 'auto' as const, disable_parallel_tool_use: true } };
    const completions = openai.chat.completions;
    const callsIn = ({ choices }: OpenAI.ChatCompletion) =>
      choices[0]?.message.tool_calls?.map(({ id: _, ...call }) => call);
    const oslo = { type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } };
    const rome = { type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } };
    const ask = async <Answer>(send: () => Promise<Answer>): Promise<Answer> => {
      faulty.next.push(
        callsFunctions([
          ['weather', { city: 'Oslo' }],
          ['weather', { city: 'Rome' }],
        ]),
      );
      return send();
    };
    expect(callsIn(await ask(() => completions.create(chat)))).toEqual([oslo, rome]);
    expect(faulty.asked.at(-1)?.body).not.toHaveProperty('parallel_tool_calls');

    const whole = await ask(() => completions.create({ ...chat, ...one }));
    expect(callsIn(whole)).toEqual([oslo]);
    expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
    expect(faulty.asked.at(-1)?.body).toMatchObject({ parallel_tool_calls: false });
    const streamed = await ask(() => completions.stream({ ...chat, ...one }).finalChatCompletion());
    expect(callsIn(streamed)).toMatchObject([{ function: { arguments: '{"city":"Oslo"}' } }]);
    const { output, parallel_tool_calls: said } = await ask(() => openai.responses.create({ ...asResponse, ...one }));
    expect([said, output.filter(({ type }) => type === 'function_call').length]).toEqual([false, 1]);
    const { content } = await ask(() => anthropic.messages.create({ ...message, ...choice }));
    expect(content).toMatchObject([{ type: 'tool_use', input: { city: 'Oslo' } }]);
    expect(faulty.asked.at(-1)?.body).toMatchObject({ parallel_tool_calls: false });
  });

  verifies('upstream.budget', async () => {
    const caller = await createToken(server, 'budget', { ...TINY, limits: { tokensPerDay: 100 } });
    const left = async () => (await caller.get('/api/v1/whoami')).body.limits[0].remaining;
    faulty.asked.length = 0;
    await caller.post('/v1/chat/completions', completion('faulty/tiny'));
    // A third of fifteen bytes and eight are kept for the prompt, and what the server has counted is what is paid.
    expect(faulty.asked[0]?.body.max_tokens).toBe(100 - 13);
    expect(await left()).toBe(100 - 7 - 3);
  });

  verifies('upstream.secrets', async () => {
    const caller = await createToken(server, 'secrets', TINY);
    faulty.asked.length = 0;
    const priorities = { 'x-gateway-inference-objective': 'mine', 'x-gateway-inference-fairness-id': 'mine' };
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${caller.token}`, 'content-type': 'application/json', ...priorities },
      body: JSON.stringify(completion('faulty/tiny', { priority: -10, cache_salt: 'mine' })),
    });
    expect(response.status).toBe(200);
    const [asked] = faulty.asked;
    const sent = JSON.stringify(asked);
    expect(sent).not.toContain('mine');
    expect(sent).not.toContain(caller.token);
    expect(asked?.headers).not.toHaveProperty('authorization');
    expect(asked?.body).not.toHaveProperty('priority');
    const said = [...server.log.lines, ...server.stdout.lines, JSON.stringify((await caller.get('/v1/models')).body)];
    expect(said.join('\n')).not.toContain(secondKey);
  });
});
