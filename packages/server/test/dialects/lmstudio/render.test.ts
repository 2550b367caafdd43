import { describe, expect, it } from 'vitest';
import type { ChatEvent, ChatResult } from '../../../src/contracts/chat-event.ts';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { renderEvent, renderResult } from '../../../src/dialects/lmstudio/render.ts';

const plugin = { type: 'plugin', pluginId: 'mcp/files' } as const;
const outcome = { output: '[]', content: [], isError: false };
const provider_info = { type: 'plugin', plugin_id: 'mcp/files' };

const result: ChatResult = {
  model: 'ibm/granite',
  output: [{ type: 'message', content: 'Hi' }],
  stats: {
    inputTokens: 5,
    cachedInputTokens: 1,
    outputTokens: 2,
    reasoningOutputTokens: 0,
    tokensPerSecond: 40,
    timeToFirstTokenSeconds: 0.1,
  },
  finishReason: 'stop',
};
const rendered = {
  model_instance_id: 'ibm/granite',
  output: [{ type: 'message', content: 'Hi' }],
  stats: {
    input_tokens: 5,
    total_output_tokens: 2,
    reasoning_output_tokens: 0,
    tokens_per_second: 40,
    time_to_first_token_seconds: 0.1,
  },
};

/** What LM Studio's clients read. These are API: each event of ours, and what stands on the wire for it. */
const EVENTS: readonly (readonly [ChatEvent, readonly Record<string, unknown>[]])[] = [
  [{ type: 'chat.start', model: 'a/b' }, [{ type: 'chat.start', model_instance_id: 'a/b' }]],
  [{ type: 'model_load.start', model: 'a/b' }, [{ type: 'model_load.start', model_instance_id: 'a/b' }]],
  [
    { type: 'model_load.progress', model: 'a/b', progress: 0.5 },
    [{ type: 'model_load.progress', model_instance_id: 'a/b', progress: 0.5 }],
  ],
  [
    { type: 'model_load.end', model: 'a/b', loadTimeSeconds: 1.5 },
    [{ type: 'model_load.end', model_instance_id: 'a/b', load_time_seconds: 1.5 }],
  ],
  [{ type: 'prompt.start', promptTokens: 4, cachedTokens: 2 }, [{ type: 'prompt_processing.start' }]],
  [{ type: 'prompt.progress', processed: 1, total: 4 }, [{ type: 'prompt_processing.progress', progress: 0.25 }]],
  [{ type: 'prompt.progress', processed: 0, total: 0 }, [{ type: 'prompt_processing.progress', progress: 1 }]],
  [{ type: 'prompt.end' }, [{ type: 'prompt_processing.end' }]],
  [{ type: 'reasoning.start' }, [{ type: 'reasoning.start' }]],
  [{ type: 'reasoning.delta', text: 'Hm' }, [{ type: 'reasoning.delta', content: 'Hm' }]],
  [{ type: 'reasoning.end', text: 'Hm' }, [{ type: 'reasoning.end' }]],
  [{ type: 'message.start' }, [{ type: 'message.start' }]],
  [{ type: 'message.delta', text: 'Hi' }, [{ type: 'message.delta', content: 'Hi' }]],
  [{ type: 'message.end' }, [{ type: 'message.end' }]],
  [
    { type: 'tool_call.start', id: 'c', tool: 'read', origin: plugin },
    [
      { type: 'tool_call.start', tool: 'read', provider_info },
      { type: 'tool_call.name', tool_name: 'read', provider_info },
    ],
  ],
  [
    { type: 'tool_call.start', id: 'c', tool: 'made_up' },
    [
      { type: 'tool_call.start', tool: 'made_up' },
      { type: 'tool_call.name', tool_name: 'made_up' },
    ],
  ],
  [
    { type: 'tool_call.arguments', id: 'c', tool: 'read', arguments: { a: 1 }, origin: plugin },
    [{ type: 'tool_call.arguments', tool: 'read', arguments: { a: 1 }, provider_info }],
  ],
  [
    {
      type: 'tool_call.success',
      id: 'c',
      tool: 'read',
      arguments: {},
      output: '[]',
      content: [],
      isError: false,
      origin: { type: 'ephemeral_mcp', serverLabel: 'x' },
    },
    [
      {
        type: 'tool_call.success',
        tool: 'read',
        arguments: {},
        output: '[]',
        provider_info: { type: 'ephemeral_mcp', server_label: 'x' },
      },
    ],
  ],
  [
    {
      type: 'tool_call.failure',
      id: 'c',
      reason: 'no',
      invalid: { type: 'invalid_arguments', toolName: 'read', arguments: { a: 1 }, origin: plugin },
    },
    [
      {
        type: 'tool_call.failure',
        reason: 'no',
        metadata: { type: 'invalid_arguments', tool_name: 'read', arguments: { a: 1 }, provider_info },
      },
    ],
  ],
  [
    { type: 'tool_call.failure', id: 'c', reason: 'no', invalid: { type: 'invalid_name', toolName: 'x' } },
    [{ type: 'tool_call.failure', reason: 'no', metadata: { type: 'invalid_name', tool_name: 'x' } }],
  ],
  [{ type: 'client_tool_call.start', index: 0, id: 'call', name: 'x' }, []],
  [{ type: 'client_tool_call.delta', index: 0, text: '{}' }, []],
  [{ type: 'client_tool_call.end', index: 0, id: 'call', name: 'x', arguments: {} }, []],
  [
    { type: 'error', error: new ServerError('MODEL_CRASHED', 'gone') },
    [{ type: 'error', error: { type: 'internal_error', message: 'gone', code: 'model_crashed' } }],
  ],
  [{ type: 'chat.end', result }, [{ type: 'chat.end', result: rendered }]],
];

describe('an event', () => {
  it.each(EVENTS.map(([event, expected]) => [event.type, event, expected] as const))(
    '%s is sent as LM Studio sends it',
    (_, event, expected) => {
      expect(renderEvent(event)).toEqual(expected);
    },
  );
});

describe('a result', () => {
  it('is what LM Studio answers', () => {
    expect(renderResult(result)).toEqual(rendered);
  });

  it('names the id of a conversation that was kept, and the time that loading took', () => {
    const loaded = { ...result, responseId: 'resp_1', stats: { ...result.stats, modelLoadTimeSeconds: 2 } };
    expect(renderResult(loaded)).toMatchObject({ response_id: 'resp_1', stats: { model_load_time_seconds: 2 } });
    expect(renderResult(result)).not.toHaveProperty('response_id');
  });

  it('has every kind of output', () => {
    const output: ChatResult['output'] = [
      { type: 'reasoning', content: 'Hm' },
      { type: 'tool_call', id: 'c', tool: 'read', arguments: { a: 1 }, ...outcome, origin: plugin },
      { type: 'invalid_tool_call', id: 'd', reason: 'no', invalid: { type: 'invalid_name', toolName: 'x' } },
      { type: 'client_tool_call', id: 'call', name: 'x', arguments: {} },
      { type: 'message', content: 'Hi' },
    ];
    expect(renderResult({ ...result, output }).output).toEqual([
      { type: 'reasoning', content: 'Hm' },
      { type: 'tool_call', tool: 'read', arguments: { a: 1 }, output: '[]', provider_info },
      { type: 'invalid_tool_call', reason: 'no', metadata: { type: 'invalid_name', tool_name: 'x' } },
      { type: 'message', content: 'Hi' },
    ]);
  });
});
