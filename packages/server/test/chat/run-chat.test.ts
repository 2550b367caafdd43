import type { ChatMessage, GenerateRequest, ToolCallRequest } from '@latchkey/engine';
import {
  call,
  callsTool,
  finish,
  message,
  progress,
  reasoning,
  ScriptedEngine,
  says,
  scriptedModel,
  type Turn,
} from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { createTurnRecord, type TurnRecord } from '../../src/chat/chat-turn.ts';
import type { ChatLimits } from '../../src/chat/limits.ts';
import { runChat } from '../../src/chat/run-chat.ts';
import type { ChatEvent } from '../../src/contracts/chat-event.ts';
import type { ChatRequest } from '../../src/contracts/chat-request.ts';
import { chatRequest } from '../scripted/chat-request.ts';
import { answered, called, said } from '../scripted/messages.ts';
import { origin, ran, refused, ScriptedToolset } from '../scripted/scripted-toolset.ts';

interface Played {
  readonly events: readonly ChatEvent[];
  readonly types: readonly string[];
  readonly record: TurnRecord;
  readonly requests: readonly GenerateRequest[];
}

interface Play {
  readonly toolset?: ScriptedToolset;
  readonly limits?: Partial<ChatLimits>;
  readonly request?: Partial<ChatRequest>;
  /** What came before, and calls at its end that nothing has answered. */
  readonly history?: readonly ChatMessage[];
  readonly unanswered?: readonly ToolCallRequest[];
  /** The signal fires when this event was seen. */
  readonly abortAt?: ChatEvent['type'];
  readonly abort?: AbortController;
}

async function play(turns: readonly Turn[], options: Play = {}): Promise<Played> {
  const engine = new ScriptedEngine(...turns);
  const size = { contextLength: 64, parallel: 1 };
  const model = await engine.open(scriptedModel('ibm/granite'), size, new AbortController().signal);
  const request = chatRequest(options.request);
  const record = createTurnRecord();
  const { abort = new AbortController() } = options;
  let ids = 0;
  const events: ChatEvent[] = [];
  const chat = runChat(
    {
      request,
      messages: [...(options.history ?? []), ...request.messages],
      unanswered: options.unanswered ?? [],
      toolset: options.toolset ?? new ScriptedToolset(),
      limits: { rounds: 8, toolCalls: 32, ...options.limits },
      cacheScope: 'token',
      share: { key: 'token', weight: 1 },
      generate: (asked, signal) => model.generate(asked, signal),
      createCallId: () => `call_${++ids}`,
    },
    record,
    abort.signal,
  );
  for await (const event of chat) {
    events.push(event);
    if (event.type === options.abortAt) abort.abort();
  }
  return { events, types: events.map(({ type }) => type), record, requests: engine.requests };
}

const desk = (): ScriptedToolset => new ScriptedToolset({ read: ran('read', 'a line'), write: ran('write', 'done') });
const clientTool = { name: 'ask_user', parameters: { type: 'object' } };

describe('a round', () => {
  it('is prompt processing, then one block of text', async () => {
    const { events } = await play([[progress(0, 4), progress(4, 4), message('Good '), message('day'), finish()]]);
    expect(events).toEqual([
      { type: 'prompt.start', promptTokens: 4, cachedTokens: 0 },
      { type: 'prompt.progress', processed: 0, total: 4 },
      { type: 'prompt.progress', processed: 4, total: 4 },
      { type: 'prompt.end' },
      { type: 'message.start' },
      { type: 'message.delta', text: 'Good ' },
      { type: 'message.delta', text: 'day' },
      { type: 'message.end' },
    ]);
  });

  it('closes a block of reasoning before it opens the message', async () => {
    const { types, record } = await play([[progress(), reasoning('Hm'), message('Yes'), finish()]]);
    expect(types.slice(2)).toEqual([
      'prompt.end',
      'reasoning.start',
      'reasoning.delta',
      'reasoning.end',
      'message.start',
      'message.delta',
      'message.end',
    ]);
    expect(record.output).toEqual([
      { type: 'reasoning', content: 'Hm' },
      { type: 'message', content: 'Yes' },
    ]);
    expect(record.added).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm' },
          { type: 'text', text: 'Yes' },
        ],
      },
    ]);
  });

  it('ends prompt processing also when nothing is generated', async () => {
    expect((await play([[progress(), finish()]])).types).toEqual(['prompt.start', 'prompt.progress', 'prompt.end']);
  });

  it('says how long the prompt is, and how much of it was cached, before the first token of the answer', async () => {
    const { events } = await play([
      [{ type: 'prompt.progress', processed: 3, total: 9, cached: 3 }, message('Hi'), finish()],
    ]);
    expect(events[0]).toEqual({ type: 'prompt.start', promptTokens: 9, cachedTokens: 3 });
  });

  it('keeps its parts in the order in which the model wrote them', async () => {
    const { record } = await play(
      [[progress(), message('First '), ...call('read', {}, 0), message('then '), finish('tool_calls')], says('Done')],
      { toolset: desk() },
    );
    expect(record.added[0]?.content).toEqual([
      { type: 'text', text: 'First ' },
      { type: 'tool_call', id: 'call_1', name: 'read', arguments: {} },
      { type: 'text', text: 'then ' },
    ]);
  });

  it('hands the request on to the engine', async () => {
    const { requests } = await play([says('{}')], {
      request: {
        sampling: { temperature: 0 },
        stop: ['END'],
        reasoning: 'low',
        responseSchema: { type: 'object' },
      },
      limits: { outputTokens: 9 },
    });
    expect(requests).toEqual([
      {
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
        tools: [],
        toolChoice: 'none',
        sampling: { temperature: 0 },
        stop: ['END'],
        cacheScope: 'token',
        share: { key: 'token', weight: 1 },
        maxOutputTokens: 9,
        reasoning: 'low',
        responseSchema: { type: 'object' },
      },
    ]);
  });
});

describe('a tool call', () => {
  it('runs, and its answer goes back to the model', async () => {
    const toolset = desk();
    const { events, record, requests } = await play([callsTool('read', { line: 1 }), says('It says: a line')], {
      toolset,
    });
    const read = { id: 'call_1', tool: 'read', arguments: { line: 1 }, origin };
    const content = [{ type: 'text', text: 'a line' }];
    const result = { ...read, output: JSON.stringify(content), content, isError: false };
    expect(events.slice(3, 7)).toEqual([
      { type: 'tool_call.start', id: 'call_1', tool: 'read', origin },
      { type: 'tool_call.arguments', ...read },
      { type: 'tool_call.success', ...result },
      { type: 'prompt.start', promptTokens: 5, cachedTokens: 0 },
    ]);
    expect(record.output).toEqual([
      { type: 'tool_call', ...result },
      { type: 'message', content: 'It says: a line' },
    ]);
    expect(requests[1]!.messages.slice(1)).toEqual([
      called({ id: 'call_1', name: 'read', arguments: { line: 1 } }),
      answered('call_1', 'read', 'a line'),
    ]);
    expect(toolset.calls).toEqual([{ name: 'read', arguments: { line: 1 } }]);
  });

  it('closes the message before it', async () => {
    const { types } = await play(
      [[progress(), message('Let me see'), ...call('read'), finish('tool_calls')], says('Ok')],
      {
        toolset: desk(),
      },
    );
    expect(types.slice(3, 7)).toEqual(['message.start', 'message.delta', 'message.end', 'tool_call.start']);
  });

  it('runs after the calls before it, in the order of the model', async () => {
    const toolset = desk();
    const { types } = await play(
      [[progress(), ...call('write', {}, 0), ...call('read', {}, 1), finish('tool_calls')], says('Ok')],
      { toolset },
    );
    expect(toolset.calls.map(({ name }) => name)).toEqual(['write', 'read']);
    expect(types.filter((type) => type.startsWith('tool_call'))).toEqual([
      'tool_call.start',
      'tool_call.start',
      'tool_call.arguments',
      'tool_call.success',
      'tool_call.arguments',
      'tool_call.success',
    ]);
  });

  it('is the only one of its round where one was asked for, also of an engine that writes several', async () => {
    const toolset = desk();
    const two: Turn = [progress(), ...call('write', {}, 0), ...call('read', {}, 1), finish('tool_calls')];
    const { types, record, requests } = await play([two, two, says('Ok')], { toolset, request: { oneCall: true } });
    expect(requests.map(({ oneCall }) => oneCall)).toEqual([true, true, true]);
    expect(toolset.calls.map(({ name }) => name)).toEqual(['write', 'write']);
    expect(types.filter((type) => type === 'tool_call.start')).toHaveLength(2);
    expect(record.added[0]?.content).toMatchObject([{ type: 'tool_call', name: 'write' }]);
  });

  it('of the client is the only one of its round, too', async () => {
    const two: Turn = [progress(), ...call('ask_user', {}, 0), ...call('ask_user', {}, 1), finish('tool_calls')];
    const { types, record } = await play([two], { request: { clientTools: [clientTool], oneCall: true } });
    expect(types.filter((type) => type === 'client_tool_call.end')).toHaveLength(1);
    expect(record.output).toMatchObject([{ type: 'client_tool_call', name: 'ask_user' }]);
  });

  it('may follow on another for several rounds', async () => {
    const { record, requests } = await play([callsTool('read'), callsTool('write'), says('Both done')], {
      toolset: desk(),
    });
    expect(requests).toHaveLength(3);
    expect(record.output.map((item) => item.type)).toEqual(['tool_call', 'tool_call', 'message']);
    expect(record.usage).toMatchObject({ inputTokens: 15, outputTokens: 6 });
  });

  it('that is refused is told to the model, with the reason', async () => {
    const toolset = new ScriptedToolset({ write: refused('write', 'argument content longer than 4') });
    const { events, record, requests } = await play([callsTool('write', { content: 'too long' }), says('Sorry')], {
      toolset,
    });
    const invalid = { type: 'invalid_arguments', toolName: 'write', arguments: { content: 'too long' }, origin };
    const reason = 'argument content longer than 4';
    expect(events.find(({ type }) => type === 'tool_call.failure')).toEqual({
      type: 'tool_call.failure',
      id: 'call_1',
      reason,
      invalid,
    });
    expect(record.output[0]).toEqual({ type: 'invalid_tool_call', id: 'call_1', reason, invalid });
    expect(requests[1]!.messages.at(-1)).toEqual({ ...answered('call_1', 'write', `Error: ${reason}`), isError: true });
  });

  it('of a tool that does not exist is told to the model', async () => {
    const { events, requests } = await play([callsTool('delete'), says('Sorry')], { toolset: desk() });
    expect(events.filter(({ type }) => type.startsWith('tool_call'))).toEqual([
      { type: 'tool_call.start', id: 'call_1', tool: 'delete' },
      {
        type: 'tool_call.failure',
        id: 'call_1',
        reason: 'no such tool',
        invalid: { type: 'invalid_name', toolName: 'delete' },
      },
    ]);
    expect(requests[1]!.messages.at(-1)).toEqual({
      ...answered('call_1', 'delete', 'Error: no such tool'),
      isError: true,
    });
  });

  it('that cannot be read is shown to the model as it wrote it, and as an error', async () => {
    const misspelt: Turn = [
      progress(),
      { type: 'tool_call.start', index: 0, name: 'read' },
      { type: 'tool_call.invalid', index: 0, name: 'read', raw: '<tool_call>{"name', reason: 'not JSON' },
      finish(),
    ];
    const { types, record, requests } = await play([misspelt, says('Again')], { toolset: desk() });
    expect(types).toContain('tool_call.failure');
    expect(record.output[0]).toEqual({
      type: 'invalid_tool_call',
      id: 'call_1',
      reason: 'not JSON',
      invalid: { type: 'invalid_arguments', toolName: 'read' },
    });
    expect(requests[1]!.messages.slice(1)).toEqual([
      said('<tool_call>{"name'),
      { ...answered('call_1', 'read', 'Error: not JSON'), isError: true },
    ]);
  });

  it('that cannot be read is tried once more, and shown as text then', async () => {
    const unread: Turn = [
      progress(),
      { type: 'tool_call.invalid', index: 0, name: 'read', raw: '{"name', reason: 'not JSON' },
      finish('tool_calls'),
    ];
    const { requests, record } = await play([unread, unread, unread, says('Never')], { toolset: desk() });
    expect(requests).toHaveLength(2);
    expect(record.finishReason).toBe('stop');
    expect(record.output.at(-1)).toEqual({ type: 'message', content: '{"name' });
  });

  it('that cannot be read may be tried again after one that could', async () => {
    const unread: Turn = [
      progress(),
      { type: 'tool_call.invalid', index: 0, name: 'read', raw: 'x', reason: 'not JSON' },
      finish('tool_calls'),
    ];
    const { requests } = await play([unread, callsTool('read'), unread, says('Ok')], { toolset: desk() });
    expect(requests).toHaveLength(4);
  });

  it('that is cut off by the token limit ends the turn', async () => {
    const cut: Turn = [
      progress(),
      { type: 'tool_call.invalid', index: 0, raw: '<tool_call>{"na', reason: 'not JSON' },
      finish('length'),
    ];
    const { requests, record } = await play([cut], { toolset: desk() });
    expect(requests).toHaveLength(1);
    expect(record.finishReason).toBe('length');
  });
});

describe('the limits', () => {
  it('leave the model a last round without tools when the rounds are used up', async () => {
    const { requests } = await play([callsTool('read'), callsTool('read'), says('Enough')], {
      toolset: desk(),
      limits: { rounds: 2 },
    });
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual(['auto', 'auto', 'none']);
  });

  it('run no call in that last round, whatever the model writes', async () => {
    const toolset = desk();
    await play([callsTool('read'), callsTool('read')], { toolset, limits: { rounds: 1 } });
    expect(toolset.calls).toHaveLength(1);
  });

  it('refuse calls beyond their number, to the caller and to the model', async () => {
    const toolset = desk();
    const three = [...call('read', {}, 0), ...call('write', { a: 1 }, 1), ...call('nothing', {}, 2)];
    const { events, record, requests } = await play([[progress(), ...three, finish('tool_calls')], says('Ok')], {
      toolset,
      limits: { toolCalls: 1 },
    });
    expect(toolset.calls).toEqual([{ name: 'read', arguments: {} }]);
    const failures = events.filter(({ type }) => type === 'tool_call.failure');
    expect(failures).toMatchObject([
      { invalid: { type: 'invalid_arguments', toolName: 'write', arguments: { a: 1 }, origin } },
      { invalid: { type: 'invalid_name', toolName: 'nothing' } },
    ]);
    expect(record.output.slice(1, 3).map(({ type }) => type)).toEqual(['invalid_tool_call', 'invalid_tool_call']);
    expect(requests[1]!.toolChoice).toBe('none');
    expect(requests[1]!.messages.at(-1)).toMatchObject({ role: 'tool', name: 'nothing' });
  });

  it('count a call that cannot be read as a call', async () => {
    const misspelt: Turn = [progress(), { type: 'tool_call.invalid', index: 0, raw: 'x', reason: 'no' }, finish()];
    const { requests } = await play([misspelt, says('Ok')], { toolset: desk(), limits: { toolCalls: 1 } });
    expect(requests[1]!.toolChoice).toBe('none');
  });

  it('of output tokens hold for all rounds together', async () => {
    const { requests } = await play([callsTool('read'), says('Ok')], { toolset: desk(), limits: { outputTokens: 7 } });
    expect(requests.map(({ maxOutputTokens }) => maxOutputTokens)).toEqual([7, 5]);
  });

  it('end the turn for its length when a call has used up the tokens', async () => {
    const { requests, record } = await play([callsTool('read')], { toolset: desk(), limits: { outputTokens: 2 } });
    expect(requests).toHaveLength(1);
    expect(record.finishReason).toBe('length');
    expect(record.added.at(-1)).toEqual(answered('call_1', 'read', 'a line'));
  });
});

describe("the caller's own tools", () => {
  it('end the turn when the model calls one', async () => {
    const { events, record, requests } = await play([callsTool('ask_user', { about: 'tea' })], {
      request: { clientTools: [clientTool] },
    });
    expect(events.slice(3)).toEqual([
      { type: 'client_tool_call.start', index: 0, id: 'call_1', name: 'ask_user' },
      { type: 'client_tool_call.delta', index: 0, text: '{' },
      { type: 'client_tool_call.delta', index: 0, text: '"about":"tea"}' },
      { type: 'client_tool_call.end', index: 0, id: 'call_1', name: 'ask_user', arguments: { about: 'tea' } },
    ]);
    expect(record.output).toEqual([
      { type: 'client_tool_call', id: 'call_1', name: 'ask_user', arguments: { about: 'tea' } },
    ]);
    expect(requests[0]!.tools).toEqual([clientTool]);
    expect(record.finishReason).toBe('tool_calls');
  });

  it('are not run here, nor is a call beside them', async () => {
    const toolset = desk();
    await play([[progress(), ...call('read', {}, 0), ...call('ask_user', {}, 1), finish('tool_calls')]], {
      toolset,
      request: { clientTools: [clientTool] },
    });
    expect(toolset.calls).toEqual([]);
  });

  it('are numbered among themselves', async () => {
    const { events } = await play(
      [
        [
          progress(),
          ...call('read', {}, 0),
          ...call('ask_user', {}, 1),
          ...call('ask_user', {}, 2),
          finish('tool_calls'),
        ],
      ],
      { toolset: desk(), request: { clientTools: [clientTool] } },
    );
    const started = events.flatMap((event) => (event.type === 'client_tool_call.start' ? [event.index] : []));
    expect(started).toEqual([0, 1]);
  });

  it('get another number when the model writes a call again', async () => {
    const misspelt: Turn = [
      progress(),
      { type: 'tool_call.start', index: 0, name: 'ask_user' },
      { type: 'tool_call.delta', index: 0, text: '{"ab' },
      { type: 'tool_call.invalid', index: 0, name: 'ask_user', raw: '{"ab', reason: 'not JSON' },
      finish(),
    ];
    const { events, record } = await play([misspelt, callsTool('ask_user', { about: 'tea' })], {
      request: { clientTools: [clientTool] },
    });
    const pieces = events.flatMap((event) =>
      event.type === 'client_tool_call.delta' ? [[event.index, event.text]] : [],
    );
    expect(pieces).toEqual([
      [0, '{"ab'],
      [1, '{'],
      [1, '"about":"tea"}'],
    ]);
    expect(record.output.at(-1)).toMatchObject({ type: 'client_tool_call', id: 'call_2' });
  });
});

describe('the choice of a tool', () => {
  it('counts in the first round only', async () => {
    const { requests } = await play([callsTool('read'), says('Ok')], {
      toolset: desk(),
      request: { toolChoice: 'required' },
    });
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual(['required', 'auto']);
  });

  it('stays none in every round', async () => {
    const { requests } = await play([callsTool('read'), says('Ok')], {
      toolset: desk(),
      request: { toolChoice: 'none' },
    });
    expect(requests.map(({ toolChoice }) => toolChoice)).toEqual(['none', 'none']);
  });

  it('is none when there are no tools', async () => {
    const { requests } = await play([says('Ok')], { request: { toolChoice: 'required' } });
    expect(requests[0]!.toolChoice).toBe('none');
  });
});

describe('calls that the history left unanswered', () => {
  const unanswered = [
    { id: 'one', name: 'read', arguments: {} },
    { id: 'two', name: 'write', arguments: {} },
  ];
  const history: readonly ChatMessage[] = [called(...unanswered)];

  it('are made before the model is asked', async () => {
    const toolset = desk();
    const { types, requests } = await play([says('Ok')], { toolset, history, unanswered });
    expect(toolset.calls.map(({ name }) => name)).toEqual(['read', 'write']);
    expect(types.slice(0, 4)).toEqual([
      'tool_call.start',
      'tool_call.arguments',
      'tool_call.success',
      'tool_call.start',
    ]);
    expect(requests[0]?.messages.map(({ role }) => role)).toEqual(['assistant', 'tool', 'tool', 'user']);
  });

  it('count among the calls that a request may make', async () => {
    const toolset = desk();
    const { types } = await play([says('Ok')], { toolset, history, unanswered, limits: { toolCalls: 1 } });
    expect(toolset.calls).toHaveLength(1);
    expect(types).toContain('tool_call.failure');
  });

  it('are told to be unknown when the request does not bring their tools', async () => {
    const { events } = await play([says('Ok')], { history, unanswered });
    expect(events.filter(({ type }) => type === 'tool_call.failure')).toHaveLength(2);
  });
});

describe('when the signal fires', () => {
  it('no call runs that the model asked for before', async () => {
    const toolset = desk();
    const { requests } = await play([callsTool('read')], { toolset, abortAt: 'tool_call.start' });
    expect(toolset.calls).toEqual([]);
    expect(requests).toHaveLength(1);
  });

  it('the next call does not run', async () => {
    const toolset = desk();
    await play([[progress(), ...call('read', {}, 0), ...call('write', {}, 1), finish('tool_calls')]], {
      toolset,
      abortAt: 'tool_call.success',
    });
    expect(toolset.calls.map(({ name }) => name)).toEqual(['read']);
  });

  it('during a call, its answer is kept and no round follows', async () => {
    const abort = new AbortController();
    const toolset = new ScriptedToolset({
      read: (args, signal) => {
        abort.abort();
        return ran('read', 'too late')(args, signal);
      },
    });
    const { events, record, requests } = await play([callsTool('read')], { toolset, abort });
    expect(events.at(-1)?.type).toBe('tool_call.arguments');
    expect(record.added.at(-1)).toEqual(answered('call_1', 'read', 'too late'));
    expect(requests).toHaveLength(1);
  });
});
