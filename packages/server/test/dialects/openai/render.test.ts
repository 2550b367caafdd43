import { describe, expect, it } from 'vitest';
import type { ChatEvent, ChatResult } from '../../../src/contracts/chat-event.ts';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { ChunkRenderer, renderCompletion } from '../../../src/dialects/openai/render.ts';

const identity = { id: 'chatcmpl-1', created: 1_700_000_000, model: 'gpt-4o' };
const result = (changes: Partial<ChatResult> = {}): ChatResult => ({
  model: 'ibm/granite',
  output: [{ type: 'message', content: 'Hi' }],
  stats: {
    inputTokens: 5,
    cachedInputTokens: 4,
    outputTokens: 2,
    reasoningOutputTokens: 1,
    tokensPerSecond: 40,
    timeToFirstTokenSeconds: 0.1,
  },
  finishReason: 'stop',
  ...changes,
});
const usage = {
  prompt_tokens: 5,
  completion_tokens: 2,
  total_tokens: 7,
  prompt_tokens_details: { cached_tokens: 4 },
  completion_tokens_details: { reasoning_tokens: 1 },
};
const origin = { type: 'plugin', pluginId: 'mcp/x' } as const;
const outcome = { output: '[]', content: [], isError: false };
const clientCall = { type: 'client_tool_call', id: 'call_1', name: 'read', arguments: { a: 1 } } as const;

describe('a completion', () => {
  it('is what OpenAI answers', () => {
    expect(renderCompletion(identity, result())).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_700_000_000,
      model: 'gpt-4o',
      system_fingerprint: 'ibm/granite',
      choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, logprobs: null, finish_reason: 'stop' }],
      usage,
    });
  });

  it('has the text of all rounds in one message, the reasoning apart, and nothing of the tools that ran here', () => {
    const output: ChatResult['output'] = [
      { type: 'reasoning', content: 'Hm. ' },
      { type: 'message', content: 'Let me see. ' },
      { type: 'tool_call', id: 'c', tool: 't', arguments: {}, ...outcome, origin },
      { type: 'reasoning', content: 'Ah.' },
      { type: 'message', content: 'It is 7.' },
    ];
    expect(renderCompletion(identity, result({ output }))).toHaveProperty('choices[0].message', {
      role: 'assistant',
      content: 'Let me see. It is 7.',
      reasoning_content: 'Hm. Ah.',
    });
  });

  it("asks for the caller's own tools", () => {
    expect(renderCompletion(identity, result({ output: [clientCall], finishReason: 'tool_calls' }))).toMatchObject({
      choices: [
        {
          message: {
            content: null,
            tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'read', arguments: '{"a":1}' } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
    });
  });

  it.each([
    ['stop', 'stop'],
    ['stop_string', 'stop'],
    ['length', 'length'],
    ['tool_calls', 'stop'],
  ] as const)('without calls for the caller that ended for %s says %s', (finishReason, expected) => {
    expect(renderCompletion(identity, result({ finishReason }))).toHaveProperty('choices[0].finish_reason', expected);
  });
});

describe('a stream', () => {
  const envelope = { ...identity, object: 'chat.completion.chunk' };
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...envelope,
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
  });
  const render = (events: readonly ChatEvent[], includeUsage = false) => {
    const renderer = new ChunkRenderer(identity, includeUsage);
    return events.flatMap((event) => renderer.render(event));
  };

  it('is the role, the pieces of text, and the reason of the end', () => {
    const events: ChatEvent[] = [
      { type: 'chat.start', model: 'ibm/granite' },
      { type: 'model_load.start', model: 'ibm/granite' },
      { type: 'prompt.start', promptTokens: 5, cachedTokens: 0 },
      { type: 'reasoning.delta', text: 'Hm' },
      { type: 'message.start' },
      { type: 'message.delta', text: 'Hi' },
      { type: 'message.end' },
      { type: 'chat.end', result: result() },
    ];
    expect(render(events)).toEqual([
      chunk({ role: 'assistant', content: '' }),
      chunk({ reasoning_content: 'Hm' }),
      chunk({ content: 'Hi' }),
      chunk({}, 'stop'),
    ]);
  });

  it("names a tool of the caller's first and sends its arguments in pieces", () => {
    const events: ChatEvent[] = [
      { type: 'client_tool_call.start', index: 0, id: 'call_1', name: 'read' },
      { type: 'client_tool_call.delta', index: 0, text: '{"a"' },
      { type: 'client_tool_call.delta', index: 0, text: ':1}' },
      { type: 'chat.end', result: result({ output: [clientCall], finishReason: 'tool_calls' }) },
    ];
    expect(render(events)).toEqual([
      chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'read', arguments: '' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] }),
      chunk({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
      chunk({}, 'tool_calls'),
    ]);
  });

  it('passes no call off as whole that was cut off', () => {
    const events: ChatEvent[] = [
      { type: 'client_tool_call.start', index: 0, id: 'call_1', name: 'read' },
      { type: 'client_tool_call.delta', index: 0, text: '{"pa' },
      { type: 'chat.end', result: result({ output: [], finishReason: 'length' }) },
    ];
    expect(render(events).at(-1)).toEqual(chunk({}, 'length'));
  });

  it('shows nothing of the tools that run here', () => {
    const events: ChatEvent[] = [
      { type: 'tool_call.start', id: 'c', tool: 't', origin },
      { type: 'tool_call.arguments', id: 'c', tool: 't', arguments: {}, origin },
      { type: 'tool_call.success', id: 'c', tool: 't', arguments: {}, ...outcome, origin },
      { type: 'tool_call.failure', id: 'd', reason: 'no', invalid: { type: 'invalid_name', toolName: 't' } },
    ];
    expect(render(events)).toEqual([]);
  });

  it('counts the tokens in a chunk of its own when it was asked to', () => {
    const chunks = render(
      [
        { type: 'message.delta', text: 'Hi' },
        { type: 'chat.end', result: result() },
      ],
      true,
    );
    expect(chunks.map(({ usage: counted }) => counted)).toEqual([null, null, usage]);
    expect(chunks.at(-1)).toMatchObject({ choices: [] });
  });

  it('that fails ends with the error, and without a chunk that would make it look whole', () => {
    const events: ChatEvent[] = [
      { type: 'message.delta', text: 'Once' },
      { type: 'error', error: new ServerError('MODEL_CRASHED', 'gone') },
      { type: 'chat.end', result: result() },
    ];
    expect(render(events, true).slice(1)).toEqual([
      { error: { message: 'gone', type: 'server_error', param: null, code: 'model_crashed' } },
    ]);
  });
});
