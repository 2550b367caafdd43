import { call, callsTool, finish, message, progress, reasoning, says, type Turn } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { CHAT, type Json, open, typesOf } from '../responses-caller.ts';

const user = (text: string) => ({ role: 'user', content: [{ type: 'text', text }] });
const thinks: Turn = [progress(), reasoning('Hm'), message('Yes'), finish()];

const ASK_USER = { type: 'function', name: 'ask_user', parameters: { type: 'object' } };

describe('POST /v1/responses', () => {
  it('answers as OpenAI does, and repeats what was asked', async () => {
    const { post } = await open(says('Good day'));
    const answer = await post({ metadata: { run: '7' }, instructions: 'Be kind.', temperature: 0.5 });
    expect([answer.status, answer.json()]).toMatchObject([
      200,
      {
        id: expect.stringMatching(/^resp_/),
        object: 'response',
        status: 'completed',
        model: 'small',
        error: null,
        incomplete_details: null,
        instructions: 'Be kind.',
        metadata: { run: '7' },
        temperature: 0.5,
        store: true,
        output: [
          {
            id: expect.stringMatching(/^msg_/),
            type: 'message',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: 'Good day', annotations: [], logprobs: [] }],
          },
        ],
        usage: {
          input_tokens: 5,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: 2,
          output_tokens_details: { reasoning_tokens: 0 },
          total_tokens: 7,
        },
      },
    ]);
  });

  it('has every field that Open Responses requires, stored or not, in any API', async () => {
    const { ask, post, get } = await open(says('Hi'), says('Hi'));
    const [text, number, whole] = [expect.any(String), expect.any(Number), expect.any(Number)];
    const fields = {
      ...{
        id: text,
        object: 'response',
        created_at: whole,
        status: 'completed',
        incomplete_details: null,
        model: text,
      },
      ...{ previous_response_id: null, instructions: null, output: expect.any(Array), error: null, tools: [] },
      ...{ tool_choice: 'auto', truncation: 'disabled', parallel_tool_calls: true, text: { format: { type: 'text' } } },
      ...{ top_p: number, presence_penalty: number, frequency_penalty: number, top_logprobs: 0, temperature: number },
      ...{ reasoning: { effort: null, summary: null }, max_output_tokens: null, max_tool_calls: null, store: true },
      ...{ background: false, service_tier: text, metadata: {}, safety_identifier: null, prompt_cache_key: null },
    };
    expect((await post({})).json()).toMatchObject({ ...fields, completed_at: whole, usage: { total_tokens: whole } });
    const made = await ask({ path: '/api/v1/chat', body: { model: 'small', input: 'Hello' } });
    const stored = (await get(String(made.json().response_id))).json();
    expect(stored).toMatchObject({ ...fields, completed_at: null, usage: null });
  });

  it('streams its items, each from its beginning to its end', async () => {
    const { stream } = await open(says('Good day'));
    const events = await stream({});
    expect(typesOf(events)).toEqual([
      ...['created', 'in_progress', 'output_item.added', 'content_part.added', 'output_text.delta'],
      ...['output_text.done', 'content_part.done', 'output_item.done', 'completed'],
    ]);
    expect(events.at(-1)).toMatchObject({ response: { status: 'completed', output: [{ type: 'message' }] } });
  });

  it('has a message that was cut off, which is incomplete', async () => {
    const cut: Turn = [progress(), message('Once'), finish('length')];
    const { post, stream } = await open(cut, cut);
    const incomplete = {
      ...{ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      output: [{ type: 'message', status: 'incomplete' }],
    };
    expect((await post({ max_output_tokens: 16 })).json()).toMatchObject(incomplete);
    expect((await stream({})).at(-1)).toMatchObject({ type: 'response.incomplete', response: incomplete });
  });

  it('ends a stream that fails with the error', async () => {
    const crash = async function* () {
      yield message('Once');
      throw new ServerError('MODEL_CRASHED', 'The model died.');
    };
    const { stream } = await open(crash);
    expect((await stream({})).at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'model_crashed', message: 'The model died.' } },
    });
  });

  it('shows thoughts as they are, and in the summary for a request that wants one', async () => {
    const { stream, post } = await open(thinks, thinks, thinks);
    const plain = await stream({});
    expect(typesOf(plain).slice(2, 8)).toEqual([
      ...['output_item.added', 'content_part.added', 'reasoning_text.delta', 'reasoning_text.done'],
      ...['content_part.done', 'output_item.done'],
    ]);
    const summed = await stream({ reasoning: { summary: 'auto' } });
    expect(typesOf(summed).slice(2, 8)).toEqual([
      ...['output_item.added', 'reasoning_summary_part.added', 'reasoning_summary_text.delta'],
      ...['reasoning_summary_text.done', 'reasoning_summary_part.done', 'output_item.done'],
    ]);
    expect((await post({ reasoning: { summary: 'auto' } })).json()).toMatchObject({
      output: [{ type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }] }, { type: 'message' }],
    });
  });

  it('seals thoughts for their caller, and gives the model what it gets back of them', async () => {
    const { ask, post, issue, prompts } = await open(thinks, says('Good'), says('Good'));
    const include = ['reasoning.encrypted_content'];
    const first = (await post({ store: false, include })).json() as { output: Json[] };
    const sealed = String(first.output[0]?.encrypted_content);
    expect(sealed).not.toContain('Hm');
    const withoutText = first.output.map((item) => (item.type === 'reasoning' ? { ...item, content: [] } : item));
    const input = [{ role: 'user', content: 'Hi' }, ...withoutText, { role: 'user', content: 'And?' }];
    await post({ store: false, input });
    expect(prompts()[1]?.[1]).toEqual({
      role: 'assistant',
      content: [
        { type: 'reasoning', text: 'Hm' },
        { type: 'text', text: 'Yes' },
      ],
    });
    const other = await ask({ token: await issue(CHAT), body: { model: 'small', store: false, input } });
    expect(other.headers['latchkey-ignored']).toBe('input[].encrypted_content');
    expect(prompts()[2]?.[1]).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'Yes' }] });
  });

  it("leaves the caller's own tools to the caller, and goes on with the result", async () => {
    const { post, prompts } = await open(callsTool('ask_user', { about: 'tea' }), says('Tea it is'));
    const called = (await post({ tools: [ASK_USER] })).json() as { id: string; output: Json[] };
    expect(called.output).toMatchObject([
      { type: 'function_call', status: 'completed', name: 'ask_user', arguments: '{"about":"tea"}' },
    ]);
    const callId = called.output[0]?.call_id;
    const result = { type: 'function_call_output', call_id: callId, output: 'tea' };
    const answer = await post({ previous_response_id: called.id, input: [result], tools: [ASK_USER] });
    expect(answer.json()).toMatchObject({ previous_response_id: called.id, output: [{ type: 'message' }] });
    expect(prompts()[1]).toEqual([
      user('Hi'),
      {
        role: 'assistant',
        content: [{ type: 'tool_call', id: callId, name: 'ask_user', arguments: { about: 'tea' } }],
      },
      { role: 'tool', toolCallId: callId, name: 'ask_user', content: [{ type: 'text', text: 'tea' }] },
    ]);
  });

  it('refuses to go on from a call of the caller without its result', async () => {
    const { post } = await open(callsTool('ask_user'));
    const { id } = (await post({ tools: [ASK_USER] })).json();
    const answer = await post({ previous_response_id: id, input: 'Well?', tools: [ASK_USER] });
    expect([answer.status, answer.json()]).toMatchObject([400, { error: { param: 'input' } }]);
  });

  it('streams calls, whose pieces add up to them', async () => {
    const { stream } = await open([progress(), ...call('ask_user', { about: 'tea' }), finish('tool_calls')]);
    const events = await stream({ tools: [ASK_USER] });
    expect(typesOf(events).slice(2, -1)).toEqual([
      ...['output_item.added', 'function_call_arguments.delta', 'function_call_arguments.delta'],
      ...['function_call_arguments.done', 'output_item.done'],
    ]);
    const pieces = events.flatMap(({ type, delta }) => (String(type).endsWith('arguments.delta') ? [delta] : []));
    expect(JSON.parse(pieces.join(''))).toEqual({ about: 'tea' });
  });

  it('gives custom tools free text, and namespaces their tools', async () => {
    const tools = [
      { type: 'custom', name: 'apply_patch', format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } },
      { type: 'namespace', name: 'files', description: 'Files.', tools: [{ ...ASK_USER, name: 'read' }] },
    ];
    const turn: Turn = [
      ...[progress(), ...call('apply_patch', { input: '*** Begin' })],
      ...[...call('files__read', { path: 'a' }, 1), finish('tool_calls')],
    ];
    const { post, stream, engine, prompts } = await open(turn, turn, says('Done'));
    const { output } = (await post({ tools })).json() as { output: Json[] };
    expect(output).toMatchObject([
      { type: 'custom_tool_call', name: 'apply_patch', input: '*** Begin' },
      { type: 'function_call', name: 'read', namespace: 'files', arguments: '{"path":"a"}' },
    ]);
    expect(engine.requests[0]?.tools.map(({ name }) => name)).toEqual(['apply_patch', 'files__read']);
    expect(JSON.stringify(engine.requests[0]?.tools[0])).toContain('start: \\"x\\"');
    expect(typesOf(await stream({ tools }))).toContain('custom_tool_call_input.done');
    const outputs = output.map(({ call_id, type }) => ({ type: `${type}_output`, call_id, output: 'ok' }));
    await post({ store: false, tools, input: [{ role: 'user', content: 'Hi' }, ...output, ...outputs] });
    expect(prompts()[2]?.[1]).toMatchObject({
      content: [{ name: 'apply_patch', arguments: { input: '*** Begin' } }, { name: 'files__read' }],
    });
    expect(prompts()[2]?.slice(2)).toMatchObject([{ name: 'apply_patch' }, { name: 'files__read' }]);
  });

  it('ignores tools and items that only OpenAI runs, and says so', async () => {
    const { post } = await open(says('Hi'));
    const answer = await post({
      tools: [{ type: 'web_search' }, { type: 'tool_search' }, ASK_USER],
      input: [
        { type: 'web_search_call', id: 'ws_1', status: 'completed' },
        { role: 'user', content: 'Hi' },
      ],
      truncation: 'auto',
      prompt_cache_key: 'thread-1',
    });
    expect(answer.status).toBe(200);
    expect(String(answer.headers['latchkey-ignored']).split(', ').toSorted()).toEqual([
      ...['input[].web_search_call', 'prompt_cache_key'],
      ...['tools[].tool_search', 'tools[].web_search', 'truncation'],
    ]);
  });

  it('has an effort as a wish, also for a model that does not think', async () => {
    const { post } = await open(says('Hi'), says('Hi'));
    for (const effort of ['xhigh', 'of-tomorrow']) {
      expect((await post({ reasoning: { effort } })).json()).toMatchObject({ status: 'completed' });
    }
  });

  it('does not carry instructions over to the next response', async () => {
    const { post, prompts } = await open(says('One'), says('Two'));
    const { id } = (await post({ instructions: 'Be kind.' })).json();
    await post({ previous_response_id: id, input: 'And?' });
    expect(prompts()[0]?.[0]).toEqual({ role: 'system', content: 'Be kind.' });
    expect(prompts()[1]).toEqual([
      user('Hi'),
      { role: 'assistant', content: [{ type: 'text', text: 'One' }] },
      user('And?'),
    ]);
  });

  it('runs the tools of integrations itself, and shows what came of them', async () => {
    const turns = [callsTool('echo', { text: 'one' }), says('It says: one')];
    const { post, stream } = await open(...turns, ...turns);
    const item = { type: 'mcp_call', server_label: 'mcp/a', name: 'echo', arguments: '{"text":"one"}', output: 'one' };
    const listed = { type: 'mcp_list_tools', server_label: 'mcp/a', tools: [{ name: 'echo', input_schema: {} }] };
    expect((await post({ integrations: ['mcp/a'] })).json()).toMatchObject({
      output: [listed, item, { type: 'message' }],
    });
    const tools = [{ type: 'mcp', server_label: 'letters', connector_id: 'mcp/a' }];
    const events = await stream({ tools });
    expect(events.at(-1)).toMatchObject({
      response: { output: [{ ...listed, server_label: 'letters' }, { ...item, server_label: 'letters' }, {}] },
    });
    expect(typesOf(events)).toEqual(
      expect.arrayContaining([
        'mcp_list_tools.completed',
        'mcp_call.in_progress',
        'mcp_call_arguments.done',
        'mcp_call.completed',
      ]),
    );
  });

  it('does not repeat the secrets of MCP tools', async () => {
    const { post } = await open(says('Hi'));
    const secret = { authorization: 'CANARY', headers: { 'x-key': 'CANARY' } };
    const answer = await post({ tools: [{ type: 'mcp', server_label: 'letters', connector_id: 'mcp/a', ...secret }] });
    expect(answer.json()).toMatchObject({ tools: [{ type: 'mcp', server_label: 'letters' }] });
    expect(answer.text).not.toContain('CANARY');
    expect(answer.headers['latchkey-ignored']).toBe('tools[].authorization, tools[].headers');
  });

  it("refuses in OpenAI's words", async () => {
    const { post } = await open();
    const foreign = await post({ previous_response_id: 'resp_of_another' });
    expect([foreign.status, foreign.json()]).toMatchObject([
      404,
      { error: { code: 'previous_response_not_found', param: 'previous_response_id' } },
    ]);
    const unsupported = await post({ conversation: 'conv_1' });
    expect([unsupported.status, unsupported.json()]).toMatchObject([400, { error: { param: 'conversation' } }]);
    const empty = await post({ input: null });
    expect([empty.status, empty.json()]).toMatchObject([400, { error: { param: 'input' } }]);
  });
});
