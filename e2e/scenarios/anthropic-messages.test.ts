import Anthropic from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { everything } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
let token: string;
let client: Anthropic;
beforeAll(async () => {
  server = await startServer({
    config: { aliases: { 'claude-*': NANO, 'claude-local': NANO } },
    mcpServers: { everything: everything() },
  });
  ({ token } = await createToken(server, 'anthropic', withTools({ 'mcp/everything': { 'get-sum': {} } })));
  client = clientFor(token);
});
afterAll(() => server[Symbol.asyncDispose]());

const clientFor = (apiKey: string): Anthropic => new Anthropic({ baseURL: server.url, apiKey, maxRetries: 0 });

type Options = Partial<Anthropic.MessageCreateParamsNonStreaming>;
const user = (content: string): Anthropic.MessageParam[] => [{ role: 'user', content }];
const request = (options: Options): Anthropic.MessageCreateParamsNonStreaming => ({
  ...{ model: NANO, max_tokens: 64, messages: user('Hello') },
  ...options,
});
const create = (options: Options) => client.messages.create(request(options));
const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === 'text' ? block.text : '')).join('');

const weather = user('What is the weather in Oslo?');
const tools: Anthropic.Tool[] = [
  {
    name: 'get_weather',
    description: 'Get the weather of a city.',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
  { name: 'count_herrings', description: 'Count the herrings.', input_schema: { type: 'object', properties: {} } },
];

describe('a message', () => {
  verifies('anthropic.message', async () => {
    expect(await create({})).toMatchObject({
      id: expect.stringMatching(/^msg_/),
      ...{ type: 'message', role: 'assistant', model: NANO },
      content: [{ type: 'text', text: expect.stringMatching(/\w/) }],
      ...{ stop_reason: 'end_turn', stop_sequence: null },
      usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
    });
  });

  verifies('anthropic.stream', async () => {
    const whole = await create({});
    const types: string[] = [];
    const stream = client.messages.stream(request({})).on('streamEvent', ({ type }) => types.push(type));
    const streamed = await stream.finalMessage();
    expect(textOf(streamed)).toBe(textOf(whole));
    expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
    expect(types.join(' ')).toMatch(
      /^message_start content_block_start (content_block_delta )+content_block_stop message_delta message_stop$/,
    );
  });

  verifies('anthropic.stop', async () => {
    const fox = user('Repeat: red fox');
    expect(textOf(await create({ messages: fox }))).toBe('red fox');
    const stopped = await create({ messages: fox, stop_sequences: ['herring', ' fox'] });
    expect([textOf(stopped), stopped.stop_reason, stopped.stop_sequence]).toEqual(['red', 'stop_sequence', ' fox']);
    const cut = await create({ max_tokens: 3 });
    expect([cut.stop_reason, cut.usage.output_tokens]).toEqual(['max_tokens', 3]);
  });

  verifies('anthropic.system', async () => {
    const system = (nonce: string): Anthropic.TextBlockParam[] => [
      { type: 'text', text: `x-anthropic-billing-header: cc_version=2; cch=${nonce};` },
      { type: 'text', text: 'You are a helpful assistant.', cache_control: { type: 'ephemeral' } },
    ];
    const plain = await create({ system: 'You are a helpful assistant.', messages: user('Repeat: one') });
    const noisy = await create({ system: system('a1'), messages: user('Repeat: one') });
    const again = await create({ system: system('b2'), messages: user('Repeat: one') });
    const lengthOf = ({ usage }: Anthropic.Message) => usage.input_tokens + (usage.cache_read_input_tokens ?? 0);
    expect([lengthOf(noisy), lengthOf(again)]).toEqual([lengthOf(plain), lengthOf(plain)]);
    // The whole prompt but its last token: it begins like the one before it.
    expect(again.usage.input_tokens).toBe(1);
  });

  verifies('anthropic.warm-up', async () => {
    const messages = user('What is the capital of Norway, and why is it there?');
    const warm = await create({ messages, max_tokens: 0 });
    expect(warm).toMatchObject({ content: [], stop_reason: 'max_tokens', usage: { output_tokens: 0 } });
    expect((await create({ messages })).usage.input_tokens).toBe(1);
  });

  verifies('anthropic.count', async () => {
    const counted = await client.messages.countTokens({ model: NANO, messages: weather, tools });
    const { usage } = await create({ messages: weather, tools });
    expect(counted.input_tokens).toBe(usage.input_tokens + (usage.cache_read_input_tokens ?? 0));
  });
});

describe("a caller's own tools", () => {
  verifies('anthropic.tools', async () => {
    const called = await create({ messages: weather, tools });
    expect(called.stop_reason).toBe('tool_use');
    const [call] = called.content.filter((block) => block.type === 'tool_use');
    expect(call).toMatchObject({ name: 'get_weather', input: { city: 'Oslo' } });
    const answer: Anthropic.ToolResultBlockParam = {
      ...{ type: 'tool_result', tool_use_id: call?.id ?? '' },
      content: [{ type: 'text', text: 'The weather in Oslo is sunny.' }],
    };
    const messages: Anthropic.MessageParam[] = [
      ...weather,
      { role: 'assistant', content: called.content },
      { role: 'user', content: [answer] },
    ];
    const final = await create({ messages, tools });
    expect([final.stop_reason, textOf(final)]).toEqual(['end_turn', expect.stringContaining('sunny')]);
  });

  verifies('anthropic.tool-runner', async () => {
    const asked: unknown[] = [];
    const [tool] = tools;
    if (tool === undefined) throw new Error('There is no tool.');
    const runner = client.beta.messages.toolRunner({
      ...{ model: NANO, max_tokens: 64, max_iterations: 3 },
      messages: [{ role: 'user', content: 'What is the weather in Oslo?' }],
      tools: [
        {
          ...{ type: 'custom', ...tool },
          parse: (input: unknown) => input,
          run: (input: unknown) => {
            asked.push(input);
            return 'The weather in Oslo is sunny.';
          },
        },
      ],
    });
    const final = await runner.runUntilDone();
    expect(asked).toEqual([{ city: 'Oslo' }]);
    expect(final).toMatchObject({ stop_reason: 'end_turn', content: [{ text: expect.stringContaining('sunny') }] });
  });

  verifies('anthropic.tools-streamed', async () => {
    const message = await client.messages.stream(request({ messages: weather, tools })).finalMessage();
    expect(message.content.at(-1)).toMatchObject({ type: 'tool_use', name: 'get_weather', input: { city: 'Oslo' } });
  });

  verifies('anthropic.tool-choice', async () => {
    const callsWith = async (content: string, choice: Anthropic.ToolChoice) =>
      (await create({ messages: user(content), tools, tool_choice: choice })).content.flatMap((block) =>
        block.type === 'tool_use' ? [block.name] : [],
      );
    expect(await callsWith('Hello', { type: 'auto' })).toEqual([]);
    expect(await callsWith('Hello', { type: 'any' })).toHaveLength(1);
    expect(await callsWith('What is the weather in Oslo?', { type: 'none' })).toEqual([]);
    const named = { type: 'tool', name: 'count_herrings' } as const;
    expect(await callsWith('What is the weather in Oslo?', named)).toEqual(['count_herrings']);
  });

  verifies('anthropic.integrations', async () => {
    const messages = user('What is 12 plus 30?');
    const body = Object.assign(request({ messages }), { integrations: ['mcp/everything'] });
    const { content } = await client.messages.create(body);
    expect(content).toMatchObject([
      { type: 'mcp_tool_use', name: 'get-sum', server_name: 'mcp/everything' },
      { type: 'mcp_tool_result', is_error: false },
      { type: 'text', text: expect.stringContaining('42') },
    ]);
    const streamed = await client.messages.stream(body).finalMessage();
    expect(streamed.content.map(({ type }) => type)).toEqual(content.map(({ type }) => type));
  });
});

describe('the client', () => {
  verifies('anthropic.models', async () => {
    const { data } = await client.models.list();
    expect(data.map(({ id, type }) => [id, type])).toEqual([
      [NANO, 'model'],
      ['claude-local', 'model'],
    ]);
    expect(await client.models.retrieve('claude-local')).toMatchObject({ id: 'claude-local', type: 'model' });
    const answered = await create({ model: 'claude-of-next-year' });
    expect(answered.model).toBe('claude-of-next-year');
  });

  verifies('anthropic.tolerant', async () => {
    const beta = await client.beta.messages.create({
      ...{ model: NANO, max_tokens: 8, messages: [{ role: 'user', content: 'Hello' }] },
      betas: ['a-beta-of-next-year'],
      metadata: { user_id: 'someone' },
    });
    expect(beta.type).toBe('message');
    const { response } = await client.messages.create(request({ metadata: { user_id: 'someone' } })).withResponse();
    expect(response.headers.get('latchkey-ignored')).toBe('metadata');
    const bearer = new Anthropic({ baseURL: server.url, authToken: token, apiKey: null, maxRetries: 0 });
    expect((await bearer.messages.create(request({ max_tokens: 2 }))).type).toBe('message');
  });

  verifies('anthropic.errors', async () => {
    const failure = (outcome: PromiseLike<unknown>): Promise<unknown> =>
      Promise.resolve(outcome).then(
        () => 'no failure',
        (error: unknown) => error,
      );
    const typed = (type: string, more: object = {}) => ({ error: { type: 'error', error: { type, ...more } } });
    const stranger = await failure(clientFor('sk-lm-abcdefgh:abcdefghijklmnopqrst').messages.create(request({})));
    expect(stranger).toBeInstanceOf(Anthropic.AuthenticationError);
    expect(stranger).toMatchObject({ status: 401, ...typed('authentication_error') });
    const foreign = await failure(create({ model: 'ibm/secret' }));
    expect(foreign).toBeInstanceOf(Anthropic.PermissionDeniedError);
    expect(foreign).toMatchObject({ status: 403, ...typed('permission_error', { param: 'model' }) });
    const absent = await failure(clientFor(server.adminToken).messages.create(request({ model: 'no/such' })));
    expect(absent).toBeInstanceOf(Anthropic.NotFoundError);
    expect(absent).toMatchObject({ status: 404, ...typed('not_found_error') });
    const wrong = await failure(create({ max_tokens: -1 }));
    expect(wrong).toBeInstanceOf(Anthropic.BadRequestError);
    expect(wrong).toMatchObject({ status: 400, ...typed('invalid_request_error', { param: 'max_tokens' }) });
  });
});
