import { describe, expect, it } from 'vitest';
import type { ChatEvent, ChatResult } from '../../../src/contracts/chat-event.ts';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { anthropicErrors } from '../../../src/dialects/anthropic/errors.ts';
import { createAnswer } from '../../../src/dialects/anthropic/render.ts';

const origin = { type: 'ephemeral_mcp', serverLabel: 'notes' } as const;
const read = { id: 'c1', tool: 'read', arguments: { a: 1 }, origin };
const outcome = { output: '[]', content: [{ type: 'text' as const, text: 'a line' }], isError: false };
const result = (changes: Partial<ChatResult> = {}): ChatResult => ({
  model: 'ibm/granite',
  output: [{ type: 'message', content: 'Hi' }],
  stats: {
    ...{ inputTokens: 9, cachedInputTokens: 4, outputTokens: 2, reasoningOutputTokens: 1 },
    ...{ tokensPerSecond: 40, timeToFirstTokenSeconds: 0.1 },
  },
  finishReason: 'stop',
  ...changes,
});
const usage = { input_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 4, output_tokens: 2 };
const answering = (isWarmUp = false) =>
  createAnswer(
    { id: 'f00', createdAt: new Date(0) },
    { model: 'claude-local', isWarmUp, paramOf: (field) => (field === 'model' ? 'model' : undefined) },
  );

function render(events: readonly ChatEvent[], isWarmUp = false): readonly Record<string, unknown>[] {
  const answer = answering(isWarmUp);
  const wire = events.flatMap((event) => answer.renderEvent(event));
  const payloads = wire.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
  expect(payloads.map(({ type }) => type)).toEqual(wire.map(({ name }) => name));
  return payloads;
}

/** Types, and the index of those that have one: blocks must not overlap. */
const shape = (events: readonly Record<string, unknown>[]): readonly string[] =>
  events.map(({ type, index }) => (index === undefined ? String(type) : `${String(type)} ${String(index)}`));

const start: ChatEvent = { type: 'prompt.start', promptTokens: 9, cachedTokens: 4 };
const end: ChatEvent = { type: 'chat.end', result: result() };

describe('a message', () => {
  it('is what Anthropic answers', () => {
    expect(answering().renderResult(result())).toEqual({
      id: 'msg_f00',
      type: 'message',
      role: 'assistant',
      model: 'claude-local',
      content: [{ type: 'text', text: 'Hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage,
    });
  });

  it('has a block for everything that the model has produced', () => {
    const output: ChatResult['output'] = [
      { type: 'reasoning', content: 'Hm' },
      { type: 'tool_call', ...read, ...outcome },
      { type: 'invalid_tool_call', id: 'c2', reason: 'no such tool', invalid: { type: 'invalid_name', toolName: 'x' } },
      {
        type: 'invalid_tool_call',
        id: 'c3',
        reason: 'denied',
        invalid: { type: 'invalid_arguments', toolName: 'rm', arguments: {}, origin },
      },
      { type: 'client_tool_call', id: 'c4', name: 'ask', arguments: { b: 2 } },
    ];
    expect(answering().renderResult(result({ output, finishReason: 'tool_calls' }))).toMatchObject({
      content: [
        { type: 'thinking', thinking: 'Hm', signature: expect.stringMatching(/./) },
        { type: 'mcp_tool_use', id: 'c1', name: 'read', server_name: 'notes', input: { a: 1 } },
        { type: 'mcp_tool_result', tool_use_id: 'c1', is_error: false, content: [{ type: 'text', text: 'a line' }] },
        { type: 'mcp_tool_use', id: 'c3', name: 'rm' },
        { type: 'mcp_tool_result', tool_use_id: 'c3', is_error: true, content: [{ type: 'text', text: 'denied' }] },
        { type: 'tool_use', id: 'c4', name: 'ask', input: { b: 2 } },
      ],
      stop_reason: 'tool_use',
    });
  });

  it.each([
    [{ finishReason: 'length' }, 'max_tokens', null],
    [{ finishReason: 'stop_string', stopString: 'END' }, 'stop_sequence', 'END'],
    [{ finishReason: 'tool_calls' }, 'end_turn', null],
  ] as const)('that ended with %j says %s', (changes, stop_reason, stop_sequence) => {
    expect(answering().renderResult(result(changes))).toMatchObject({ stop_reason, stop_sequence });
  });

  it('of a warm-up is empty', () => {
    expect(answering(true).renderResult(result())).toMatchObject({
      content: [],
      stop_reason: 'max_tokens',
      usage: { ...usage, output_tokens: 0 },
    });
  });
});

describe('a stream', () => {
  it('starts with the count of the prompt, and has its blocks one after the other', () => {
    const events = render([
      { type: 'chat.start', model: 'ibm/granite' },
      { type: 'model_load.start', model: 'ibm/granite' },
      start,
      { type: 'prompt.progress', processed: 9, total: 9 },
      { type: 'prompt.end' },
      { type: 'reasoning.start' },
      { type: 'reasoning.delta', text: 'Hm' },
      { type: 'reasoning.end', text: 'Hm' },
      { type: 'message.start' },
      { type: 'message.delta', text: 'Hi' },
      { type: 'message.end' },
      end,
    ]);
    expect(events).toMatchObject([
      {
        type: 'message_start',
        message: {
          ...{ id: 'msg_f00', type: 'message', role: 'assistant', model: 'claude-local', content: [] },
          ...{ stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 0 } },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'content_block_stop', index: 1 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage },
      { type: 'message_stop' },
    ]);
  });

  it("shows the caller's own calls one after the other, however an engine mixes them", () => {
    const name = 'ask';
    const events = render([
      start,
      { type: 'client_tool_call.start', index: 0, id: 'a', name },
      { type: 'client_tool_call.delta', index: 0, text: '{"x"' },
      { type: 'client_tool_call.start', index: 1, id: 'b', name },
      { type: 'client_tool_call.delta', index: 1, text: '{"y":2}' },
      { type: 'client_tool_call.delta', index: 0, text: ':1}' },
      { type: 'client_tool_call.end', index: 0, id: 'a', name, arguments: { x: 1 } },
      { type: 'client_tool_call.end', index: 1, id: 'b', name, arguments: { y: 2 } },
      {
        type: 'chat.end',
        result: result({ output: [{ type: 'client_tool_call', id: 'a', name, arguments: {} }] }),
      },
    ]);
    expect(shape(events)).toEqual([
      'message_start',
      ...['content_block_start 0', 'content_block_delta 0', 'content_block_delta 0', 'content_block_stop 0'],
      ...['content_block_start 1', 'content_block_delta 1', 'content_block_stop 1'],
      ...['message_delta', 'message_stop'],
    ]);
    expect(events[5]).toMatchObject({ content_block: { type: 'tool_use', id: 'b', name: 'ask', input: {} } });
    expect(events.at(-2)).toMatchObject({ delta: { stop_reason: 'tool_use' } });
  });

  it('closes the block of a call that breaks off', () => {
    const invalid = { type: 'invalid_arguments', toolName: 'ask' } as const;
    const events = render([
      start,
      { type: 'client_tool_call.start', index: 0, id: 'a', name: 'ask' },
      { type: 'tool_call.failure', id: 'a', reason: 'not JSON', invalid },
      { type: 'message.start' },
      end,
    ]);
    expect(shape(events).slice(1, 5)).toEqual([
      ...['content_block_start 0', 'content_block_stop 0'],
      ...['content_block_start 1', 'content_block_stop 1'],
    ]);
  });

  it('has the calls that the server makes with what comes of them, in one message for all rounds', () => {
    const events = render([
      start,
      { type: 'tool_call.start', id: 'c1', tool: 'read', origin },
      { type: 'tool_call.start', id: 'c2', tool: 'read', origin },
      { type: 'tool_call.arguments', ...read },
      { type: 'tool_call.success', ...read, ...outcome },
      { type: 'tool_call.arguments', ...read, id: 'c2' },
      {
        type: 'tool_call.failure',
        id: 'c2',
        reason: 'denied',
        invalid: { type: 'invalid_arguments', toolName: 'read', arguments: {}, origin },
      },
      {
        type: 'tool_call.failure',
        id: 'c3',
        reason: 'no such tool',
        invalid: { type: 'invalid_name', toolName: 'x' },
      },
      start,
      { type: 'message.start' },
      { type: 'message.end' },
      end,
    ]);
    expect(events.filter(({ type }) => type === 'message_start')).toHaveLength(1);
    expect(events.flatMap(({ content_block: block }) => (block === undefined ? [] : [block]))).toMatchObject([
      { type: 'mcp_tool_use', id: 'c1', name: 'read', server_name: 'notes', input: {} },
      { type: 'mcp_tool_result', tool_use_id: 'c1', is_error: false, content: [{ text: 'a line' }] },
      { type: 'mcp_tool_use', id: 'c2' },
      { type: 'mcp_tool_result', tool_use_id: 'c2', is_error: true, content: [{ text: 'denied' }] },
      { type: 'text' },
    ]);
    expect(events[2]).toMatchObject({ delta: { type: 'input_json_delta', partial_json: '{"a":1}' } });
  });

  it('that fails ends with the error, and without an end that would make it look whole', () => {
    const error = new ServerError('MODEL_CRASHED', 'gone', { field: 'model' });
    expect(render([start, { type: 'message.start' }, { type: 'error', error }, end]).slice(2)).toEqual([
      {
        type: 'error',
        error: { type: 'overloaded_error', message: 'gone', code: 'model_crashed', param: 'model' },
      },
    ]);
  });

  it('of a warm-up has no block', () => {
    const events = render(
      [start, { type: 'message.start' }, { type: 'message.delta', text: 'H' }, { type: 'message.end' }, end],
      true,
    );
    expect(shape(events)).toEqual(['message_start', 'message_delta', 'message_stop']);
  });
});

describe('an error', () => {
  it.each([
    ['INVALID_REQUEST', 400, 'invalid_request_error'],
    ['UNAUTHENTICATED', 401, 'authentication_error'],
    ['PERMISSION_DENIED', 403, 'permission_error'],
    ['MODEL_NOT_FOUND', 404, 'not_found_error'],
    ['PAYLOAD_TOO_LARGE', 413, 'request_too_large'],
    ['TOKENS_PER_DAY_EXCEEDED', 429, 'rate_limit_error'],
    ['OVERLOADED', 503, 'overloaded_error'],
    ['INTERNAL', 500, 'api_error'],
  ] as const)('%s has status %i and type %s', (code, status, type) => {
    expect(anthropicErrors.renderError(new ServerError(code, 'no'))).toMatchObject({
      status,
      body: { type: 'error', error: { type, message: 'no' } },
    });
  });
});
