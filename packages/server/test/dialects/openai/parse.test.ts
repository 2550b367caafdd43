import { describe, expect, it } from 'vitest';
import { parseChatCompletion } from '../../../src/dialects/openai/parse.ts';

const messages = [{ role: 'user', content: 'Hi' }];
const parse = (fields: Record<string, unknown>) => parseChatCompletion({ model: 'm', messages, ...fields });
const tool = { type: 'function', function: { name: 'read', description: 'Reads.', parameters: { type: 'object' } } };

describe('a request', () => {
  it('is neutral when it has only what it must', () => {
    expect(parse({})).toEqual({
      stream: false,
      includeUsage: false,
      request: {
        model: 'm',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
        integrations: [],
        clientTools: [],
        toolChoice: 'auto',
        sampling: {},
        stop: [],
        store: false,
      },
    });
  });

  it.each([
    [{ temperature: 2 }, { sampling: { temperature: 2 } }],
    [{ top_p: 0.5 }, { sampling: { topP: 0.5 } }],
    [{ top_k: 40 }, { sampling: { topK: 40 } }],
    [{ min_p: 0.1 }, { sampling: { minP: 0.1 } }],
    [{ repeat_penalty: 1.1 }, { sampling: { repeatPenalty: 1.1 } }],
    [{ presence_penalty: -2 }, { sampling: { presencePenalty: -2 } }],
    [{ frequency_penalty: 2 }, { sampling: { frequencyPenalty: 2 } }],
    [{ seed: -7 }, { sampling: { seed: -7 } }],
    [{ max_tokens: 9 }, { maxOutputTokens: 9 }],
    [{ max_completion_tokens: 7, max_tokens: 9 }, { maxOutputTokens: 7 }],
    [{ stop: 'END' }, { stop: ['END'] }],
    [{ stop: ['a', 'b'] }, { stop: ['a', 'b'] }],
    [{ reasoning_effort: 'none' }, { reasoning: 'off' }],
    [{ reasoning_effort: 'minimal' }, { reasoning: 'low' }],
    [{ reasoning_effort: 'high' }, { reasoning: 'high' }],
    [{ response_format: { type: 'text' } }, { sampling: {} }],
    [{ response_format: { type: 'json_object' } }, { responseSchema: { type: 'object' } }],
    [
      { response_format: { type: 'json_schema', json_schema: { name: 'n', strict: true, schema: { type: 'array' } } } },
      { responseSchema: { type: 'array' } },
    ],
    [{ store: true }, { store: false }],
    [{ integrations: ['mcp/files'] }, { integrations: [{ type: 'plugin', id: 'mcp/files' }] }],
  ])('reads %j', (fields, expected) => {
    expect(parse(fields).request).toMatchObject(expected);
  });

  it.each(['temperature', 'max_tokens', 'stop', 'tools', 'tool_choice', 'seed', 'reasoning_effort', 'stream_options'])(
    'takes null for %s as nothing said',
    (field) => {
      expect(parse({ [field]: null })).toEqual(parse({}));
    },
  );

  it('may ask for a stream, and for the count of tokens at its end', () => {
    const asked = parse({ stream: true, stream_options: { include_usage: true } });
    expect(asked).toMatchObject({ stream: true, includeUsage: true });
  });

  it("brings the caller's own tools", () => {
    const bare = { type: 'function', function: { name: 'ping' } };
    expect(parse({ tools: [tool, bare] }).request.clientTools).toEqual([
      { name: 'read', description: 'Reads.', parameters: { type: 'object' } },
      { name: 'ping', parameters: { type: 'object', properties: {} } },
    ]);
  });

  it.each([
    ['none', 'none'],
    ['required', 'required'],
    [{ type: 'function', function: { name: 'read' } }, { name: 'read' }],
  ])('chooses tools by %j', (tool_choice, expected) => {
    expect(parse({ tools: [tool], tool_choice }).request.toolChoice).toEqual(expected);
  });
});

describe('messages', () => {
  it('come in every role, with text in one piece or in parts', () => {
    const all = [
      { role: 'developer', content: 'Be brief.' },
      {
        role: 'system',
        content: [
          { type: 'text', text: 'Be ' },
          { type: 'text', text: 'kind.' },
        ],
      },
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,AAAA', detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: null,
        refusal: null,
        reasoning_content: 'Hm',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'read', arguments: '{"a":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: 'a line' }] },
      { role: 'assistant', content: 'A line.' },
    ];
    expect(parse({ messages: all }).request.messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', mediaType: 'image/jpeg', data: 'AAAA' },
        ],
      },
      { role: 'assistant', content: '', reasoning: 'Hm', toolCalls: [{ id: 'c1', name: 'read', arguments: { a: 1 } }] },
      { role: 'tool', toolCallId: 'c1', name: 'read', content: 'a line' },
      { role: 'assistant', content: 'A line.' },
    ]);
  });

  it('take empty arguments for none', () => {
    const calls = [{ id: 'c', type: 'function', function: { name: 'ping', arguments: '' } }];
    const [message] = parse({ messages: [{ role: 'assistant', tool_calls: calls }] }).request.messages;
    expect(message).toMatchObject({ toolCalls: [{ name: 'ping', arguments: {} }] });
  });

  it.each(['[1]', '"text"', 'null', '{"a":', '5'])('refuse the arguments %s of a call', (text) => {
    const calls = [{ id: 'c', type: 'function', function: { name: 'read', arguments: text } }];
    expect(() => parse({ messages: [...messages, { role: 'assistant', tool_calls: calls }] })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', param: 'messages[1].tool_calls[0].function.arguments' }),
    );
  });

  it('refuse an answer to a call that nobody made', () => {
    expect(() => parse({ messages: [...messages, { role: 'tool', tool_call_id: 'c9', content: 'x' }] })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', param: 'messages[1].tool_call_id' }),
    );
  });
});

describe('what is wrong', () => {
  it.each([
    [{ model: undefined }, 'MISSING_PARAMETER', 'model'],
    [{ messages: undefined }, 'MISSING_PARAMETER', 'messages'],
    [{ messages: [] }, 'INVALID_REQUEST', 'messages'],
    [{ messages: [{ role: 'robot', content: '' }] }, 'INVALID_REQUEST', 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'MISSING_PARAMETER', 'messages[0].content'],
    [{ temperature: 3 }, 'INVALID_REQUEST', 'temperature'],
    [{ n: 2 }, 'INVALID_REQUEST', 'n'],
    [{ logprobs: true }, 'INVALID_REQUEST', 'logprobs'],
    [{ logit_bias: { 50256: -100 } }, 'INVALID_REQUEST', 'logit_bias'],
    [{ temprature: 1 }, 'UNKNOWN_PARAMETER', 'temprature'],
    [{ functions: [] }, 'UNKNOWN_PARAMETER', 'functions'],
    [{ tools: [{ type: 'function' }] }, 'MISSING_PARAMETER', 'tools[0].function'],
    [{ tools: [{ type: 'function', function: { name: 'a b' } }] }, 'INVALID_REQUEST', 'tools[0].function.name'],
    [{ tool_choice: { type: 'function', function: { name: 'other' } } }, 'INVALID_REQUEST', 'tool_choice'],
    [{ response_format: { type: 'yaml' } }, 'INVALID_REQUEST', 'response_format.type'],
    [{ response_format: { type: 'json_schema' } }, 'MISSING_PARAMETER', 'response_format.json_schema'],
    [{ stop: '' }, 'INVALID_REQUEST', 'stop'],
  ])('in %j is named', (fields, code, param) => {
    const body = JSON.parse(JSON.stringify({ model: 'm', messages, ...fields })) as unknown;
    expect(() => parseChatCompletion(body)).toThrow(expect.objectContaining({ code, param }));
  });
});
