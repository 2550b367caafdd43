import { describe, expect, it } from 'vitest';
import { parseChatCompletion } from '../../../src/dialects/openai/parse.ts';
import { answered, said } from '../../scripted/messages.ts';

const messages = [{ role: 'user', content: 'Hi' }];
const parse = (fields: Record<string, unknown>) => parseChatCompletion({ model: 'm', messages, ...fields });
const tool = { type: 'function', function: { name: 'read', description: 'Reads.', parameters: { type: 'object' } } };

describe('a request', () => {
  it('is neutral when it has only what it must', () => {
    expect(parse({})).toEqual({
      ignored: [],
      paramOf: expect.any(Function),
      answer: expect.any(Function),
      stream: false,
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
    [{ top_k: -1 }, { sampling: { topK: 0 } }],
    [{ repetition_penalty: 1.2 }, { sampling: { repeatPenalty: 1.2 } }],
    [{ stop: 'END' }, { stop: ['END'] }],
    [{ stop: ['', 'END'] }, { stop: ['END'] }],
    [{ stop: '' }, { stop: [] }],
    [{ reasoning_effort: 'xhigh' }, { reasoning: 'high', reasoningIsWish: true }],
    [{ reasoning: { effort: 'low' } }, { reasoning: 'low' }],
    [
      { response_format: { type: 'json_object', schema: { type: 'object', a: 1 } } },
      { responseSchema: { type: 'object', a: 1 } },
    ],
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
      expect(parse({ [field]: null }).request).toEqual(parse({}).request);
    },
  );

  it.each([{ max_tokens: -1 }, { max_tokens: 0, max_completion_tokens: null }, { max_completion_tokens: -2 }])(
    'takes %j for no limit',
    (fields) => {
      expect(parse(fields).request).not.toHaveProperty('maxOutputTokens');
    },
  );

  it('may ask for a stream, and for the count of tokens at its end', () => {
    const asked = parse({ stream: true, stream_options: { include_usage: true } });
    expect(asked).toMatchObject({ stream: true });
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
    ['any', 'required'],
    [{ type: 'any' }, 'required'],
    [{ type: 'function', function: { name: 'read' } }, { name: 'read' }],
    [{ type: 'tool', name: 'read' }, { name: 'read' }],
    [
      {
        type: 'allowed_tools',
        allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'read' } }] },
      },
      'required',
    ],
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
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm' },
          { type: 'tool_call', id: 'c1', name: 'read', arguments: { a: 1 } },
        ],
      },
      answered('c1', 'read', 'a line'),
      said('A line.'),
    ]);
  });

  it('take empty arguments for none', () => {
    const calls = [{ id: 'c', type: 'function', function: { name: 'ping', arguments: '' } }];
    const [message] = parse({ messages: [{ role: 'assistant', tool_calls: calls }] }).request.messages;
    expect(message).toMatchObject({ content: [{ type: 'tool_call', name: 'ping', arguments: {} }] });
  });

  it.each([
    ['[1]', { unreadable_arguments: '[1]' }],
    ['{"a":', { unreadable_arguments: '{"a":' }],
    ['null', { unreadable_arguments: 'null' }],
    ['{"a":1,"a":2}', { unreadable_arguments: '{"a":1,"a":2}' }],
    [null, {}],
    [undefined, {}],
    [{ a: 1 }, { a: 1 }],
    [[1], { unreadable_arguments: '[1]' }],
    [5, { unreadable_arguments: '5' }],
  ])('go on with the arguments %j of a call', (text, args) => {
    const calls = [{ id: 'c', type: 'function', function: { name: 'read', arguments: text } }];
    const read = parse({ messages: [...messages, { role: 'assistant', tool_calls: calls }] }).request.messages;
    expect(read[1]).toMatchObject({ content: [{ type: 'tool_call', id: 'c', name: 'read', arguments: args }] });
  });

  it('refuse arguments that hold too much together, however little each of them holds', () => {
    const text = JSON.stringify({ list: Array.from({ length: 9000 }, () => []) });
    const calls = Array.from({ length: 12 }, (_, id) => ({
      ...{ id: `c${id}`, type: 'function' },
      function: { name: 'read', arguments: text },
    }));
    expect(() => parse({ messages: [...messages, { role: 'assistant', tool_calls: calls }] })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', param: 'messages[1].tool_calls[11].function.arguments' }),
    );
  });

  it('refuse arguments that are nested too deep for anything that reads them', () => {
    const calls = [{ id: 'c', type: 'function', function: { name: 'read', arguments: '{"a":'.repeat(5000) } }];
    expect(() => parse({ messages: [...messages, { role: 'assistant', tool_calls: calls }] })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', param: 'messages[1].tool_calls[0].function.arguments' }),
    );
  });

  it.each([
    { name: 'plain', description: null, parameters: null },
    { name: 'server:tool' },
    { name: 'server/tool', parameters: {} },
  ])('may define the tool %j', (tool) => {
    const { request } = parse({ messages, tools: [{ type: 'function', function: tool }] });
    expect(request.clientTools).toEqual([{ name: tool.name, parameters: expect.any(Object) }]);
  });

  it('find the call of a result by its id, by its name, or by its turn', () => {
    const call = (name: string, id?: unknown) => ({ id, function: { name, arguments: '{}' } });
    const read = parse({
      messages: [
        ...messages,
        { role: 'assistant', content: null, tool_calls: [call('a', null), call('b', ''), call('c', 'c3')] },
        { role: 'tool', tool_call_id: 'c3', content: 'of c' },
        { role: 'function', name: 'b', content: 'of b' },
        { role: 'tool', tool_call_id: '', content: null },
        { role: 'tool', tool_call_id: 'x9', content: 'stray' },
        { role: 'assistant', function_call: { name: 'd', arguments: '{}' } },
        { role: 'function', name: 'd', content: 'of d' },
      ],
    }).request.messages;
    expect(read.filter(({ role }) => role === 'tool')).toEqual([
      answered('c3', 'c', 'of c'),
      answered('call_1_1', 'b', 'of b'),
      answered('call_1_0', 'a', ''),
      answered('call_5', 'unknown', 'stray'),
      answered('call_6_0', 'd', 'of d'),
    ]);
  });

  it('may hold parts of other APIs, and of kinds that are ignored where they are old', () => {
    const { request, ignored } = parse({
      messages: [
        { role: 'user', content: ['Hi', { type: 'input_text', text: '!' }, { type: 'input_audio', input_audio: {} }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'Hm' },
            { type: 'output_text', text: 'Yes' },
            { type: 'refusal', refusal: '.' },
          ],
        },
        { role: 'user', content: [] },
        { role: 'system', content: null },
      ],
    });
    expect(request.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'text', text: '!' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm' },
          { type: 'text', text: 'Yes.' },
        ],
      },
      { role: 'user', content: [] },
      { role: 'system', content: '' },
    ]);
    expect(ignored).toEqual(['messages[].content[].input_audio']);
  });

  it('take an answer to a call that was trimmed away', () => {
    const read = parse({ messages: [...messages, { role: 'tool', tool_call_id: 'c9', content: 'x' }] }).request
      .messages;
    expect(read[1]).toEqual(answered('call_1', 'unknown', 'x'));
  });
});

describe('what is wrong', () => {
  it.each([
    [{ model: undefined }, 'MISSING_PARAMETER', 'model'],
    [{ messages: undefined }, 'MISSING_PARAMETER', 'messages'],
    [{ messages: [] }, 'INVALID_REQUEST', 'messages'],
    [{ messages: [{ role: 'robot', content: '' }] }, 'INVALID_REQUEST', 'messages[0].role'],
    [{ messages: [{ role: 'user' }] }, 'MISSING_PARAMETER', 'messages[0].content'],
    [{ temperature: 101 }, 'INVALID_REQUEST', 'temperature'],
    [{ temperature: '1' }, 'INVALID_REQUEST', 'temperature'],
    [{ max_tokens: 1.5 }, 'INVALID_REQUEST', 'max_tokens'],
    [{ reasoning_effort: 'a lot' }, 'INVALID_REQUEST', 'reasoning_effort'],
    [{ messages: [{ role: 'user', content: [{ type: 'file' }] }] }, 'INVALID_REQUEST', 'messages[0].content[0].type'],
    [{ messages: [{ role: 'user', content: ['', 1] }] }, 'INVALID_REQUEST', 'messages[0].content[1]'],
    [{ messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'MISSING_PARAMETER', 'messages[0].content[0].text'],
    [{ tool_choice: 'required' }, 'INVALID_REQUEST', 'tool_choice'],
    [{ tool_choice: 'required', tools: [] }, 'INVALID_REQUEST', 'tool_choice'],
    [{ tool_choice: 'sometimes', tools: [tool] }, 'INVALID_REQUEST', 'tool_choice'],
    [{ tool_choice: { type: 'allowed_tools' }, tools: [tool] }, 'INVALID_REQUEST', 'tool_choice'],
    [{ stop: Array(17).fill('x') }, 'INVALID_REQUEST', 'stop'],
    [{ n: 129 }, 'INVALID_REQUEST', 'n'],
    [{ logprobs: true }, 'INVALID_REQUEST', 'logprobs'],
    [{ logit_bias: { 50256: -101 } }, 'INVALID_REQUEST', 'logit_bias.50256'],
    [{ logit_bias: { the: 1 } }, 'INVALID_REQUEST', 'logit_bias.the'],
    [{ tools: [{ type: 'function' }] }, 'MISSING_PARAMETER', 'tools[0].function'],
    [{ tools: [{ type: 'function', function: { name: 'a\nb' } }] }, 'INVALID_REQUEST', 'tools[0].function.name'],
    [{ tool_choice: { type: 'function', function: { name: 'other' } } }, 'INVALID_REQUEST', 'tool_choice'],
    [{ response_format: { type: 'yaml' } }, 'INVALID_REQUEST', 'response_format.type'],
    [{ response_format: { type: 'json_schema' } }, 'MISSING_PARAMETER', 'response_format.json_schema'],
  ])('in %j is named', (fields, code, param) => {
    const body = JSON.parse(JSON.stringify({ model: 'm', messages, ...fields })) as unknown;
    expect(() => parseChatCompletion(body)).toThrow(expect.objectContaining({ code, param }));
  });
});

describe('parallel_tool_calls', () => {
  it.each([
    [false, true],
    [true, undefined],
    [null, undefined],
  ])('%j leaves one call: %j', (sent, oneCall) => {
    const { request, ignored } = parse({ tools: [tool], parallel_tool_calls: sent });
    expect(request.oneCall).toBe(oneCall);
    expect(ignored).toEqual([]);
  });
});

describe('what has no effect', () => {
  it('is listed by its place, and never refused', () => {
    const { ignored } = parse({
      temprature: 1,
      functions: [],
      prediction: null,
      chat_template_kwargs: { enable_thinking: false },
      'x\r\nSet-Cookie: a': 1,
      messages: [{ role: 'user', content: 'Hi', cache_control: { type: 'ephemeral' } }],
      tools: [tool, { ...tool, extra: 1 }, { type: 'web_search' }],
      response_format: { type: 'text', strict: true },
    });
    expect(ignored).toEqual([
      'temprature',
      'functions',
      'chat_template_kwargs',
      'x__Set-Cookie__a',
      'response_format.strict',
      'tools[].extra',
      'tools[].web_search',
      'messages[].cache_control',
    ]);
  });

  it('is listed up to a length that fits into a header', () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`${'k'.repeat(200)}${index}`, 1]));
    expect(parse(many).ignored.join(', ').length).toBeLessThan(2200);
  });
});

describe('a parameter that an error names', () => {
  it.each([
    [{ max_tokens: 5 }, 'maxOutputTokens', 'max_tokens'],
    [{ max_completion_tokens: 5 }, 'maxOutputTokens', 'max_completion_tokens'],
    [{}, 'maxOutputTokens', undefined],
    [{}, 'messages', 'messages'],
    [{ reasoning_effort: 'low' }, 'reasoning', 'reasoning_effort'],
    [{}, 'contextLength', undefined],
    [{}, 'tools.11.parameters', 'tools[11].function.parameters'],
    [{}, 'previousResponseId', undefined],
  ] as const)('with %j is, for %s, the one that was sent', (fields, neutral, param) => {
    expect(parse(fields).paramOf(neutral)).toBe(param);
  });
});
