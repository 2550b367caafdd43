import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { Answer } from '../support/api.ts';
import { parseEventOrder } from '../support/event-grammar.ts';
import { tiktoken } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createToken, type HeldToken, withTools } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

/** The request of LM Studio's documentation. */
const question = {
  model: 'ibm/granite-4-micro',
  input: 'What is the first line in the tiktoken documentation?',
  integrations: [{ type: 'plugin', id: 'mcp/tiktoken', allowed_tools: ['fetch_tiktoken_documentation'] }],
};

let server: TestServer;
let reader: HeldToken;
beforeAll(async () => {
  server = await startServer({
    config: { aliases: { 'ibm/granite-4-micro': NANO } },
    mcpServers: { tiktoken: tiktoken() },
  });
  reader = await createToken(server, 'reader', withTools({ 'mcp/tiktoken': { 'fetch_*': {} } }));
});
afterAll(() => server[Symbol.asyncDispose]());

const said = ({ body }: Answer): string =>
  body.output.findLast((item: { type: string }) => item.type === 'message').content;

describe('a streamed chat', () => {
  verifies('stream.load', async () => {
    const stream = await reader.stream({ input: 'Hello' });
    const events = await stream.all();
    const types = parseEventOrder(events);
    expect(types.slice(0, 2)).toEqual(['chat.start', 'model_load.start']);
    const loadEnd = events.find(({ data }) => data.type === 'model_load.end')?.data;
    expect(loadEnd).toEqual({
      type: 'model_load.end',
      model_instance_id: NANO,
      load_time_seconds: expect.any(Number),
    });
    const again = await (await reader.stream({ input: 'Hello' })).all();
    expect(parseEventOrder(again)).not.toContain('model_load.start');
    expect(events.at(-1)?.data.result.stats.model_load_time_seconds).toBeCloseTo(loadEnd.load_time_seconds, 3);
    expect(again.at(-1)?.data.result.stats).not.toHaveProperty('model_load_time_seconds');
  });

  verifies('stream.order', async () => {
    const stream = await reader.stream(question);
    const types = parseEventOrder(await stream.all());
    expect(types[0]).toBe('chat.start');
    expect(types.at(-1)).toBe('chat.end');
    // One round that calls, one that answers.
    expect(types.filter((type) => type === 'prompt_processing.start')).toHaveLength(2);
    expect(types).toContain('tool_call.success');
    expect(types).toContain('message.delta');
  });

  verifies('stream.frames', async () => {
    const stream = await reader.stream(question);
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    for (const { name, data } of await stream.all()) expect(name).toBe(data.type);
  });

  verifies('stream.tool-call', async () => {
    const events = await (await reader.stream(question)).all();
    const calls = events.map(({ data }) => data).filter(({ type }) => type.startsWith('tool_call.'));
    const tool = 'fetch_tiktoken_documentation';
    const provider_info = { type: 'plugin', plugin_id: 'mcp/tiktoken' };
    expect(calls).toEqual([
      { type: 'tool_call.start', tool, provider_info },
      { type: 'tool_call.name', tool_name: tool, provider_info },
      { type: 'tool_call.arguments', tool, arguments: {}, provider_info },
      { type: 'tool_call.success', tool, arguments: {}, output: expect.any(String), provider_info },
    ]);
    expect(JSON.parse(calls[3].output)).toEqual([{ type: 'text', text: expect.stringMatching(/^# tiktoken\n/) }]);
  });

  verifies('stream.result', async () => {
    const events = await (await reader.stream(question)).all();
    const whole = await reader.chat(question);
    const { result } = events.at(-1)?.data ?? {};
    const varying = { stats: expect.anything(), response_id: expect.stringMatching(/^resp_[0-9a-f]{48}$/) };
    expect({ ...result, ...varying }).toEqual({ ...whole.body, ...varying });
    expect(Object.keys(result.stats).sort()).toEqual(Object.keys(whole.body.stats).sort());
    const deltas = events.filter(({ data }) => data.type === 'message.delta').map(({ data }) => data.content);
    expect(deltas.join('')).toBe(said(whole));
  });
});

describe('a chat', () => {
  verifies('chat.tool', async () => {
    const answer = await reader.chat(question);
    expect(answer.status).toBe(200);
    expect(answer.body.output).toMatchObject([
      { type: 'tool_call', tool: 'fetch_tiktoken_documentation', arguments: {}, output: expect.any(String) },
      { type: 'message', content: expect.stringContaining('# tiktoken') },
    ]);
    const other = await reader.chat({ ...question, input: 'What is the last line in the tiktoken documentation?' });
    expect(said(other)).not.toBe(said(answer));
  });

  verifies('chat.shape', async () => {
    const { body } = await reader.chat({ input: 'Hello' });
    expect(body).toEqual({
      model_instance_id: NANO,
      output: [{ type: 'message', content: expect.any(String) }],
      stats: {
        input_tokens: expect.any(Number),
        total_output_tokens: expect.any(Number),
        reasoning_output_tokens: 0,
        tokens_per_second: expect.any(Number),
        time_to_first_token_seconds: expect.any(Number),
      },
      response_id: expect.stringMatching(/^resp_[0-9a-f]{48}$/),
    });
    expect(body.stats.input_tokens).toBeGreaterThan(0);
    expect(body.stats.total_output_tokens).toBeGreaterThan(0);
  });

  verifies('chat.alias', async () => {
    const answer = await reader.chat({ model: 'ibm/granite-4-micro', input: 'Hello' });
    expect(answer.body.model_instance_id).toBe(NANO);
  });

  verifies('chat.input-blocks', async () => {
    const input = 'My favorite color is teal.';
    const asText = await reader.chat({ input });
    for (const type of ['text', 'message']) {
      const asBlocks = await reader.chat({ input: [{ type, content: input }] });
      expect(said(asBlocks)).toBe(said(asText));
      expect(asBlocks.body.stats.input_tokens).toBe(asText.body.stats.input_tokens);
    }
  });

  verifies('chat.system-prompt', async () => {
    const without = await reader.chat({ input: 'Hello' });
    const answer = await reader.chat({ input: 'Hello', system_prompt: 'You are a helpful assistant.' });
    expect(answer.status).toBe(200);
    expect(answer.body.stats.input_tokens).toBeGreaterThan(without.body.stats.input_tokens);
  });

  verifies('chat.sampling', async () => {
    const settings = { temperature: 0.5, top_p: 0.9, top_k: 40, min_p: 0.05, repeat_penalty: 1.1, presence_penalty: 0 };
    const answer = await reader.chat({ input: 'Hello', ...settings, context_length: 512 });
    expect(answer.body).toMatchObject({ output: [{ type: 'message' }] });
  });

  verifies('chat.reasoning', async () => {
    const answer = await reader.chat({ input: 'Hello', reasoning: 'high' });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'unsupported_value', param: 'reasoning' } } });
  });

  verifies('chat.max-output-tokens', async () => {
    const answer = await reader.chat({ input: 'Hello', max_output_tokens: 2 });
    expect(answer.status).toBe(200);
    expect(answer.body.stats.total_output_tokens).toBe(2);
    const whole = await reader.chat({ input: 'Hello' });
    expect(said(whole).startsWith(said(answer))).toBe(true);
  });
});

describe('a conversation', () => {
  verifies('state.none', async () => {
    const { body } = await reader.chat({ input: 'Hello', store: false });
    expect(body.output).toHaveLength(1);
    expect(body).not.toHaveProperty('response_id');
  });

  verifies('state.remembers', async () => {
    const told = await reader.chat({ input: 'My favorite color is teal.' });
    const asked = await reader.chat({
      input: 'What is my favorite color?',
      previous_response_id: told.body.response_id,
    });
    expect(said(asked)).toContain('teal');
    expect(asked.body.response_id).not.toBe(told.body.response_id);
  });

  verifies('state.branches', async () => {
    const told = await reader.chat({ input: 'My favorite color is teal.' });
    const previous_response_id = told.body.response_id;
    const changed = await reader.chat({ input: 'My favorite color is green.', previous_response_id });
    const ask = { input: 'What is my favorite color?' };
    const fromFirst = await reader.chat({ ...ask, previous_response_id });
    const fromSecond = await reader.chat({ ...ask, previous_response_id: changed.body.response_id });
    expect(said(fromFirst)).toContain('teal');
    expect(said(fromSecond)).toContain('green');
  });

  verifies('state.foreign', async () => {
    const stranger = await createToken(server, 'stranger', withTools({}));
    const told = await reader.chat({ input: 'My favorite color is teal.' });
    const ids = [told.body.response_id, `resp_${'0'.repeat(48)}`];
    const answers = await Promise.all(
      ids.map((previous_response_id) => stranger.chat({ input: 'What is my favorite color?', previous_response_id })),
    );
    const [foreign, unknown] = answers.map(({ status, body }, index) =>
      JSON.stringify([status, body]).replace(ids[index] ?? '', 'ID'),
    );
    expect(foreign).toBe(unknown);
    expect(answers[0]).toMatchObject({
      status: 404,
      body: { error: { code: 'previous_response_not_found', param: 'previous_response_id' } },
    });
  });
});
