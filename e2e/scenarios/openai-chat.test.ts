import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { everything } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
let client: OpenAI;
beforeAll(async () => {
  server = await startServer({ mcpServers: { everything: everything() } });
  const { token } = await createToken(server, 'openai', withTools({ 'mcp/everything': { 'get-sum': {} } }));
  client = clientFor(token);
});
afterAll(() => server[Symbol.asyncDispose]());

const clientFor = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });

type Message = OpenAI.ChatCompletionMessageParam;
const user = (content: string): Message[] => [{ role: 'user', content }];
const weather = user('What is the weather in Oslo?');
const noArguments = { type: 'object', properties: {} };
const tools: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Get the weather of a city.',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
  },
  {
    type: 'function',
    function: { name: 'count_herrings', description: 'Count the herrings.', parameters: noArguments },
  },
];

type Options = Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'model'> & { model?: string };
const complete = (options: Options) => client.chat.completions.create({ model: NANO, ...options });
const choiceOf = (completion: OpenAI.ChatCompletion) => {
  const [choice] = completion.choices;
  if (choice === undefined) throw new Error('The completion has no choice.');
  return choice;
};

describe('a completion', () => {
  verifies('openai.completion', async () => {
    const completion = await complete({ messages: user('Hello') });
    expect(completion).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      created: expect.closeTo(Date.now() / 1000, -2),
      model: NANO,
      choices: [{ index: 0, message: { role: 'assistant', content: expect.any(String) }, finish_reason: 'stop' }],
    });
    const { usage } = completion;
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  });

  verifies('openai.bias', async () => {
    const ask = (bias: Record<string, number>) =>
      complete({ messages: user('Repeat: red fox'), temperature: 0, max_tokens: 1, logit_bias: bias });
    const usual = choiceOf(await ask({})).message.content;
    // The model's 1285 tokens, one half at a time: the answer's token is in one of them.
    const size = 640;
    const without = (from: number) => Object.fromEntries(Array.from({ length: size }, (_, at) => [from + at, -100]));
    const said = await Promise.all(
      [0, 1].map(async (part) => choiceOf(await ask(without(part * size))).message.content),
    );
    expect(said.filter((text) => text !== usual)).toHaveLength(1);
    await expect(ask({ 999999999: 1 })).rejects.toMatchObject({ status: 400, param: 'logit_bias' });
  });

  verifies('openai.choices', async () => {
    const completion = await complete({ messages: user('Hello'), n: 2 });
    expect(completion.choices.map(({ index }) => index)).toEqual([0, 1]);
    for (const { message } of completion.choices) expect(message.content).not.toBe('');
    const stream = client.chat.completions.stream({
      model: NANO,
      messages: user('Hello'),
      n: 2,
      stream_options: { include_usage: true },
    });
    const whole = await stream.finalChatCompletion();
    expect(whole.choices.map(({ index, finish_reason: finish }) => [index, finish])).toEqual([
      [0, 'stop'],
      [1, 'stop'],
    ]);
    expect(whole.usage?.prompt_tokens).toBe(completion.usage?.prompt_tokens);
  });

  verifies('openai.stream', async () => {
    const whole = await complete({ messages: user('Hello') });
    const stream = client.chat.completions.stream({ model: NANO, messages: user('Hello') });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(choiceOf(await stream.finalChatCompletion()).message.content).toBe(choiceOf(whole).message.content);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.every(({ usage }) => usage == null)).toBe(true);
  });

  verifies('openai.include-usage', async () => {
    const whole = await complete({ messages: user('Hello') });
    const stream = await client.chat.completions.create({
      model: NANO,
      messages: user('Hello'),
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const last = chunks.at(-1);
    expect(last?.choices).toEqual([]);
    expect(last?.usage).toMatchObject({
      prompt_tokens: whole.usage?.prompt_tokens,
      completion_tokens: whole.usage?.completion_tokens,
    });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  verifies('openai.stop', async () => {
    expect(choiceOf(await complete({ messages: user('Repeat: red fox') })).message.content).toBe('red fox');
    for (const stop of [' fox', ['herring', ' fox']]) {
      const { message, finish_reason } = choiceOf(await complete({ messages: user('Repeat: red fox'), stop }));
      expect(message.content).toBe('red');
      expect(finish_reason).toBe('stop');
    }
  });

  verifies('openai.max-tokens', async () => {
    for (const limit of [{ max_tokens: 3 }, { max_completion_tokens: 3 }]) {
      const completion = await complete({ messages: user('Hello'), ...limit });
      expect(choiceOf(completion).finish_reason).toBe('length');
      expect(completion.usage?.completion_tokens).toBe(3);
    }
  });

  verifies('openai.json-schema', async () => {
    const schema = {
      type: 'object',
      properties: { name: { type: 'string' }, age: { type: 'integer' }, city: { type: 'string' } },
      required: ['name', 'age', 'city'],
      additionalProperties: false,
    };
    const completion = await complete({
      messages: user('Extract name, age, city as JSON: Mei is 31 years old and lives in Oslo.'),
      response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema } },
    });
    const { content } = choiceOf(completion).message;
    expect(JSON.parse(content ?? '')).toEqual({ name: 'Mei', age: 31, city: 'Oslo' });
  });

  verifies('openai.json-schema-forced', async () => {
    // Nothing in the question asks for it: the form alone decides.
    const schema = {
      type: 'object',
      properties: { mood: { enum: ['sour', 'sweet'] }, count: { enum: [3, 4, 5] } },
      required: ['mood', 'count'],
      additionalProperties: false,
    };
    const completion = await complete({
      messages: user('Hello'),
      response_format: { type: 'json_schema', json_schema: { name: 'mood', schema } },
    });
    const { mood, count } = JSON.parse(choiceOf(completion).message.content ?? '');
    expect(['sour', 'sweet']).toContain(mood);
    expect([3, 4, 5]).toContain(count);
  });
});

describe("a caller's own tools", () => {
  verifies('openai.tools', async () => {
    const { message, finish_reason } = choiceOf(await complete({ messages: weather, tools }));
    expect(finish_reason).toBe('tool_calls');
    const [call] = message.tool_calls ?? [];
    if (call?.type !== 'function') throw new Error('The model did not call.');
    expect(call.function.name).toBe('get_weather');
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Oslo' });

    const content = 'The weather in Oslo is sunny.';
    const answered: Message[] = [...weather, message, { role: 'tool', tool_call_id: call.id, content }];
    const final = choiceOf(await complete({ messages: answered, tools }));
    expect(final.finish_reason).toBe('stop');
    expect(final.message.content).toContain('sunny');
  });

  verifies('openai.tools-streamed', async () => {
    const stream = client.chat.completions.stream({ model: NANO, messages: weather, tools });
    const [call] = choiceOf(await stream.finalChatCompletion()).message.tool_calls ?? [];
    if (call?.type !== 'function') throw new Error('The model did not call.');
    expect(call.id).toMatch(/^call_/);
    expect(call.function.name).toBe('get_weather');
    expect(JSON.parse(call.function.arguments)).toEqual({ city: 'Oslo' });
  });

  verifies('openai.tool-choice', async () => {
    const callsWith = async (content: string, tool_choice: OpenAI.ChatCompletionToolChoiceOption) => {
      const { message } = choiceOf(await complete({ messages: user(content), tools, tool_choice }));
      return (message.tool_calls ?? []).map((call) => (call.type === 'function' ? call.function.name : call.type));
    };
    expect(await callsWith('Hello', 'auto')).toEqual([]);
    expect(await callsWith('Hello', 'required')).toHaveLength(1);
    expect(await callsWith('What is the weather in Oslo?', 'none')).toEqual([]);
    const named = { type: 'function', function: { name: 'count_herrings' } } as const;
    expect(await callsWith('What is the weather in Oslo?', named)).toEqual(['count_herrings']);
  });

  verifies('openai.integrations', async () => {
    const integrations = ['mcp/everything'];
    const request: Options = Object.assign({ messages: user('What is 12 plus 30?') }, { integrations });
    expect(choiceOf(await complete(request)).message.content).toContain('42');
  });
});

describe('the client', () => {
  verifies('openai.models', async () => {
    const { data } = await client.models.list();
    const [nano] = data;
    expect(data).toHaveLength(1);
    expect(nano).toMatchObject({ id: NANO, object: 'model', created: expect.any(Number), owned_by: 'latchkey' });
    const context = nano !== undefined && 'context_length' in nano ? nano.context_length : undefined;
    expect(nano).toMatchObject({
      max_model_len: context,
      max_context_length: expect.any(Number),
      meta: { n_ctx: context },
    });
    expect(nano).toMatchObject({ capabilities: expect.arrayContaining(['completion', 'tool_use']) });
    // The id has a slash, which the client encodes.
    expect(await client.models.retrieve(NANO)).toMatchObject({ id: NANO, context_length: context });
  });

  verifies('openai.errors', async () => {
    const hello: Options = { messages: user('Hello') };
    const failure = async (outcome: PromiseLike<unknown>): Promise<unknown> => {
      try {
        return await outcome;
      } catch (error) {
        return error;
      }
    };
    const stranger = clientFor('sk-lm-abcdefgh:abcdefghijklmnopqrst');
    const unknownToken = await failure(stranger.models.list());
    expect(unknownToken).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(unknownToken).toMatchObject({ status: 401, code: 'invalid_api_key', type: 'authentication_error' });

    const foreignModel = await failure(complete({ ...hello, model: 'ibm/secret' }));
    expect(foreignModel).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(foreignModel).toMatchObject({ status: 403, code: 'permission_denied', param: 'model' });

    const absentModel = await failure(
      clientFor(server.adminToken).chat.completions.create({ model: 'no/such', messages: user('Hello') }),
    );
    expect(absentModel).toBeInstanceOf(OpenAI.NotFoundError);
    expect(absentModel).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });

    const wrongValue = await failure(complete({ ...hello, n: 200 }));
    expect(wrongValue).toBeInstanceOf(OpenAI.BadRequestError);
    expect(wrongValue).toMatchObject({ status: 400, code: 'invalid_value', param: 'n', type: 'invalid_request_error' });
  });
});
