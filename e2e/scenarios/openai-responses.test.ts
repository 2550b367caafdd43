import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import { everything } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

let server: TestServer;
let client: OpenAI;
beforeAll(async () => {
  server = await startServer({ mcpServers: { everything: everything() } });
  const { token } = await createToken(server, 'responses', withTools({ 'mcp/everything': { 'get-sum': {} } }));
  client = clientFor(token);
});
afterAll(() => server[Symbol.asyncDispose]());

const clientFor = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });

type Options = Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'model'> & { model?: string };
const create = (options: Options) => client.responses.create({ model: NANO, ...options });

const weather = 'What is the weather in Oslo?';
const functionTool = (name: string, properties: Record<string, unknown>): OpenAI.Responses.FunctionTool => ({
  ...{ type: 'function', name, strict: false },
  parameters: { type: 'object', properties, required: Object.keys(properties) },
});
const tools = [functionTool('get_weather', { city: { type: 'string' } }), functionTool('count_herrings', {})];
const callsOf = ({ output }: OpenAI.Responses.Response) => output.filter((item) => item.type === 'function_call');

describe('a response', () => {
  verifies('responses.create', async () => {
    const response = await create({ input: 'Hello', metadata: { run: '7' } });
    expect(response).toMatchObject({
      id: expect.stringMatching(/^resp_/),
      ...{ object: 'response', status: 'completed', model: NANO, error: null, metadata: { run: '7' } },
      output: [{ type: 'message', role: 'assistant', status: 'completed' }],
      usage: { input_tokens_details: { cached_tokens: expect.any(Number) } },
    });
    expect(response.output_text).toMatch(/\w/);
    const cut = await create({ input: 'Hello', max_output_tokens: 3 });
    expect(cut).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
  });

  verifies('responses.stream', async () => {
    const whole = await create({ input: 'Hello' });
    const types: string[] = [];
    const stream = client.responses.stream({ model: NANO, input: 'Hello' }).on('event', ({ type, sequence_number }) => {
      expect(sequence_number).toBe(types.length);
      types.push(type.replace('response.', ''));
    });
    const streamed = await stream.finalResponse();
    expect(streamed.output_text).toBe(whole.output_text);
    expect(types.join(' ')).toMatch(
      /^created in_progress output_item.added content_part.added (output_text.delta )+output_text.done content_part.done output_item.done completed$/,
    );
  });

  verifies('responses.previous', async () => {
    const first = await create({ input: 'Repeat: red fox', instructions: 'You are a helpful assistant.' });
    const second = await create({ input: 'Hello', previous_response_id: first.id });
    expect(second.previous_response_id).toBe(first.id);
    expect(second.usage?.input_tokens).toBeGreaterThan((await create({ input: 'Hello' })).usage?.input_tokens ?? 0);
    const loose = await create({ input: 'Hello', store: false });
    await expect(create({ input: 'Hello', previous_response_id: loose.id })).rejects.toMatchObject({ status: 404 });
  });

  verifies('responses.cache', async () => {
    const first = await create({
      input: 'What is the capital of Norway, and why is it there?',
      instructions: 'Be brief.',
    });
    const input = [{ role: 'user' as const, content: 'Hello' }];
    const second = await create({ input, previous_response_id: first.id, instructions: 'Be brief.' });
    // The prompt begins with all of the first one.
    expect(second.usage?.input_tokens_details.cached_tokens).toBeGreaterThanOrEqual(first.usage?.input_tokens ?? 0);
  });

  verifies('responses.retrieve', async () => {
    const created = await create({ input: 'Repeat: red fox' });
    const { _request_id: _, ...retrieved } = await client.responses.retrieve(created.id);
    expect(retrieved).toMatchObject({ id: created.id, output: created.output, usage: created.usage });
    const { data } = await client.responses.inputItems.list(created.id);
    expect(data).toMatchObject([{ role: 'user', content: [{ type: 'input_text', text: 'Repeat: red fox' }] }]);
    await client.responses.delete(created.id);
    await expect(client.responses.retrieve(created.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  verifies('responses.background', async () => {
    const begun = await create({ input: 'Repeat: red fox', background: true });
    await expect.poll(() => client.responses.retrieve(begun.id)).toMatchObject({ status: 'completed' });
    expect((await client.responses.retrieve(begun.id)).output_text).toBe('red fox');
    const numbers: number[] = [];
    for await (const { sequence_number } of await client.responses.retrieve(begun.id, {
      stream: true,
      starting_after: 3,
    })) {
      numbers.push(sequence_number);
    }
    expect(numbers).toEqual(numbers.map((_, index) => 4 + index));
    expect((await client.responses.cancel(begun.id)).status).toBe('completed');
  });

  verifies('responses.count', async () => {
    const counted = await client.responses.inputTokens.count({ model: NANO, input: weather, tools });
    expect(counted.input_tokens).toBe((await create({ input: weather, tools })).usage?.input_tokens);
  });

  verifies('responses.parse', async () => {
    const person = z.object({ name: z.string(), age: z.int(), city: z.string() });
    const parsed = await client.responses.parse({
      model: NANO,
      input: 'Extract name, age, city as JSON: Mei is 31 years old and lives in Oslo.',
      text: { format: zodTextFormat(person, 'person') },
    });
    expect(parsed.output_parsed).toEqual({ name: 'Mei', age: 31, city: 'Oslo' });
  });
});

describe("a caller's own tools", () => {
  verifies('responses.tools', async () => {
    const called = await create({ input: weather, tools });
    const [call] = callsOf(called);
    expect(call).toMatchObject({ name: 'get_weather', status: 'completed' });
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: 'Oslo' });
    const result: OpenAI.Responses.ResponseInputItem = {
      ...{ type: 'function_call_output', call_id: call?.call_id ?? '' },
      output: 'The weather in Oslo is sunny.',
    };
    const stored = await create({ previous_response_id: called.id, input: [result], tools });
    expect(stored.output_text).toContain('sunny');
    const input = [{ role: 'user' as const, content: weather }, ...called.output, result];
    const stateless = await create({ store: false, input: input as OpenAI.Responses.ResponseInput, tools });
    expect(stateless.output_text).toBe(stored.output_text);
  });

  verifies('responses.tools-streamed', async () => {
    const response = await client.responses.stream({ model: NANO, input: weather, tools }).finalResponse();
    const [call] = callsOf(response as OpenAI.Responses.Response);
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ city: 'Oslo' });
  });

  verifies('responses.tool-choice', async () => {
    const namesWith = async (input: string, choice: OpenAI.Responses.ResponseCreateParams['tool_choice']) =>
      callsOf(await create({ input, tools, ...(choice === undefined ? {} : { tool_choice: choice }) })).map(
        ({ name }) => name,
      );
    expect(await namesWith('Hello', 'auto')).toEqual([]);
    expect(await namesWith('Hello', 'required')).toHaveLength(1);
    expect(await namesWith(weather, 'none')).toEqual([]);
    expect(await namesWith(weather, { type: 'function', name: 'count_herrings' })).toEqual(['count_herrings']);
    const allowed = [{ type: 'function', name: 'count_herrings' }];
    expect(await namesWith(weather, { type: 'allowed_tools', mode: 'required', tools: allowed })).toEqual([
      'count_herrings',
    ]);
  });
});

describe('MCP tools', () => {
  const sums = {
    type: 'mcp',
    server_label: 'sums',
    connector_id: 'mcp/everything',
  } as unknown as OpenAI.Responses.Tool.Mcp;
  const input = 'What is 12 plus 30?';

  verifies('responses.mcp', async () => {
    const response = await create({ input, tools: [{ ...sums, allowed_tools: ['get-sum'] }] });
    expect(response.output).toMatchObject([
      { type: 'mcp_list_tools', server_label: 'sums', tools: [{ name: 'get-sum' }] },
      { type: 'mcp_call', server_label: 'sums', name: 'get-sum', status: 'completed' },
      { type: 'message' },
    ]);
    expect(response.output_text).toContain('42');
    const refused = create({ input, tools: [{ ...sums, allowed_tools: ['echo'] }] });
    await expect(refused).rejects.toMatchObject({ status: 403, param: 'tools' });
  });

  verifies('responses.approval', async () => {
    const tools = [{ ...sums, require_approval: 'always' as const }];
    const asked = await create({ input, tools });
    const request = asked.output.find((item) => item.type === 'mcp_approval_request');
    expect(request).toMatchObject({ server_label: 'sums', name: 'get-sum' });
    const answer = (approve: boolean) =>
      create({
        previous_response_id: asked.id,
        tools,
        input: [{ type: 'mcp_approval_response', approval_request_id: request?.id ?? '', approve }],
      });
    expect((await answer(false)).output).toMatchObject([{}, { type: 'mcp_call', status: 'failed' }, {}]);
    expect((await answer(true)).output_text).toContain('42');
  });
});

describe('the client', () => {
  verifies('responses.errors', async () => {
    const failure = (outcome: PromiseLike<unknown>): Promise<unknown> =>
      Promise.resolve(outcome).then(
        () => 'no failure',
        (error: unknown) => error,
      );
    const stranger = await failure(
      clientFor('sk-lm-abcdefgh:abcdefghijklmnopqrst').responses.create({ model: NANO, input: 'Hello' }),
    );
    expect(stranger).toBeInstanceOf(OpenAI.AuthenticationError);
    const foreign = await failure(create({ input: 'Hello', model: 'ibm/secret' }));
    expect(foreign).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(foreign).toMatchObject({ status: 403, param: 'model' });
    const wrong = await failure(create({ input: 'Hello', temperature: -1 }));
    expect(wrong).toBeInstanceOf(OpenAI.BadRequestError);
    expect(wrong).toMatchObject({ status: 400, param: 'temperature' });
  });
});
