import { describe, expect, it } from 'vitest';
import type { ChatField } from '../../../src/contracts/server-error.ts';
import { parseCount, parseMessages } from '../../../src/dialects/anthropic/parse.ts';
import { answered, called, said } from '../../scripted/messages.ts';

const messages = [{ role: 'user', content: 'Hi' }];
const parse = (fields: Record<string, unknown> = {}) =>
  parseMessages({ model: 'm', max_tokens: 16, messages, ...fields });
const hi = { role: 'user', content: [{ type: 'text', text: 'Hi' }] };
const PNG = { type: 'base64', media_type: 'image/png', data: 'AAAA' };

describe('a request', () => {
  it('asks for one answer, without a thought and without anything kept', () => {
    expect(parse()).toMatchObject({
      stream: false,
      ignored: [],
      request: {
        model: 'm',
        messages: [hi],
        clientTools: [],
        integrations: [],
        toolChoice: 'auto',
        sampling: {},
        stop: [],
        store: false,
        maxOutputTokens: 16,
        reasoning: 'off',
        reasoningIsWish: true,
      },
    });
  });

  it('has its sampling and its stop strings, but no empty one', () => {
    const { request, stream } = parse({
      ...{ stream: true, temperature: 0.5, top_p: 0.9, top_k: 40, stop_sequences: ['END', ''] },
    });
    expect(stream).toBe(true);
    expect(request).toMatchObject({ sampling: { temperature: 0.5, topP: 0.9, topK: 40 }, stop: ['END'] });
  });

  it('may only warm the cache', () => {
    expect(parse({ max_tokens: 0 }).request.maxOutputTokens).toBe(1);
  });

  it.each([
    [{}, 'off'],
    [{ thinking: { type: 'disabled' } }, 'off'],
    [{ thinking: { type: 'adaptive' } }, 'on'],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } }, 'high'],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: '__proto__' } }, 'on'],
    [{ thinking: { type: 'enabled', budget_tokens: 1024 } }, 'low'],
    [{ thinking: { type: 'enabled', budget_tokens: 8192 } }, 'medium'],
    [{ thinking: { type: 'enabled', budget_tokens: 31_999 } }, 'high'],
  ])('that says %j thinks %s', (fields, effort) => {
    expect(parse(fields).request.reasoning).toBe(effort);
  });

  it('may hold its answer to a schema, under either name', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } };
    expect(parse({ output_config: { format } }).request.responseSchema).toEqual({ type: 'object' });
    expect(parse({ output_format: format }).request.responseSchema).toEqual({ type: 'object' });
  });

  it('lists what has no effect, and nothing of what is only for a cache', () => {
    const cached = { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } };
    const { ignored } = parse({
      system: [cached],
      messages: [{ role: 'user', content: [cached] }],
      cache_control: { type: 'ephemeral' },
      metadata: { user_id: 'u' },
      context_management: {},
      thinking: { type: 'enabled', budget_tokens: 2000, display: 'omitted' },
      tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 5 }],
      tool_choice: { type: 'auto', disable_parallel: true },
    });
    expect(ignored).toEqual([
      'metadata',
      'context_management',
      'thinking.display',
      'tools[].web_search_20250305',
      'tool_choice.disable_parallel',
    ]);
  });

  it.each([
    [true, true],
    [false, undefined],
    [null, undefined],
  ])('with disable_parallel_tool_use %j may have one call: %j', (sent, oneCall) => {
    const { request, ignored } = parse({ tool_choice: { type: 'auto', disable_parallel_tool_use: sent } });
    expect(request.oneCall).toBe(oneCall);
    expect(ignored).toEqual([]);
  });

  it('of a count has no limit to its answer', () => {
    expect(parseCount({ model: 'm', messages }).request).toMatchObject({ messages: [hi] });
    expect(parseCount({ model: 'm', messages }).request).not.toHaveProperty('maxOutputTokens');
  });
});

describe('the system prompt', () => {
  it('is a text, or blocks of text', () => {
    expect(parse({ system: 'Be brief.' }).request.messages[0]).toEqual({ role: 'system', content: 'Be brief.' });
    const blocks = [
      { type: 'text', text: 'Be brief.' },
      { type: 'text', text: 'Be kind.' },
    ];
    expect(parse({ system: blocks }).request.messages[0]).toEqual({
      role: 'system',
      content: 'Be brief.\nBe kind.',
    });
  });

  it.each([
    ['in a block of its own', [{ type: 'text', text: 'x-anthropic-billing-header: cc=1; cch=3f9;' }]],
    ['before the text of a block', [{ type: 'text', text: 'X-Anthropic-Billing-Header: a; cch=77b\n\n' }]],
    ['twice', [{ type: 'text', text: 'x-anthropic-billing-header: a\nx-anthropic-nonce: 1\n' }]],
  ])('is without what an agent sends for its own service, %s', (_, noise) => {
    const { request, ignored } = parse({ system: [...noise, { type: 'text', text: 'Be brief.' }] });
    expect(request.messages).toEqual([{ role: 'system', content: 'Be brief.' }, hi]);
    expect(ignored[0]).toMatch(/^system\[\]\.x-anthropic-billing-header$/i);
  });

  it('that is nothing else is none', () => {
    expect(parse({ system: 'x-anthropic-billing-header: cch=1' }).request.messages).toEqual([hi]);
    expect(parse({ system: '' }).request.messages).toEqual([hi]);
  });

  it('may speak of such a header further on', () => {
    const system = 'Never send\nx-anthropic-billing-header: anything';
    expect(parse({ system }).request.messages[0]).toEqual({ role: 'system', content: system });
  });
});

describe('messages', () => {
  it('come out neutral, an answer in the order in which it was written', () => {
    const all = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', source: PNG },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm', signature: 's1' },
          { type: 'redacted_thinking', data: 'd1' },
          { type: 'text', text: 'Let me see.' },
          { type: 'tool_use', id: 'c1', name: 'read', input: { a: 1 } },
          { type: 'tool_use', id: 'c2', name: 'list', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c2', content: 'a list' },
          { type: 'tool_result', tool_use_id: 'c1', content: [{ type: 'text', text: 'gone' }], is_error: true },
          { type: 'text', text: 'Go on.' },
        ],
      },
    ];
    const error = { ...answered('c1', 'read', 'Error:'), isError: true };
    expect(parse({ messages: all }).request.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image', mediaType: 'image/png', data: 'AAAA' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', signature: 's1' },
          { type: 'reasoning', text: '', signature: 'd1' },
          { type: 'text', text: 'Let me see.' },
          { type: 'tool_call', id: 'c1', name: 'read', arguments: { a: 1 } },
          { type: 'tool_call', id: 'c2', name: 'list', arguments: {} },
        ],
      },
      answered('c2', 'list', 'a list'),
      {
        ...error,
        content: [
          { type: 'text', text: 'Error:' },
          { type: 'text', text: 'gone' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'Go on.' }] },
    ]);
  });

  it('have the calls that the server made in an answer, and what came of them, where they were', () => {
    const content = [
      { type: 'text', text: 'One moment.' },
      { type: 'mcp_tool_use', id: 'c1', name: 'read', server_name: 'files', input: {} },
      { type: 'mcp_tool_result', tool_use_id: 'c1', is_error: false, content: [{ type: 'text', text: 'a line' }] },
      { type: 'text', text: 'A line.' },
    ];
    expect(parse({ messages: [...messages, { role: 'assistant', content }] }).request.messages.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'One moment.' },
          { type: 'tool_call', id: 'c1', name: 'read', arguments: {} },
        ],
      },
      answered('c1', 'read', 'a line'),
      said('A line.'),
    ]);
  });

  it('may hold documents whose text is there, and blocks of unknown kinds where they are old', () => {
    const old = [
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'A tale' }, title: 'Tale' },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
      { type: 'container_upload', file_id: 'f' },
    ];
    const { request, ignored } = parse({
      messages: [{ role: 'user', content: old }, { role: 'assistant', content: 'Yes' }, ...messages],
    });
    expect(request.messages[0]).toEqual({ role: 'user', content: [{ type: 'text', text: 'Tale\nA tale' }] });
    expect(ignored).toEqual([
      'messages[].content[].document',
      'messages[].content[].image',
      'messages[].content[].file_id',
      'messages[].content[].container_upload',
    ]);
  });

  it('go on with the result of a call that was trimmed away, and with arguments that are none', () => {
    const result = { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c9' }] };
    expect(parse({ messages: [result] }).request.messages).toEqual([answered('c9', 'unknown', '')]);
    const call = { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'a', input: 'x' }] };
    expect(parse({ messages: [...messages, call] }).request.messages[1]).toEqual(
      called({ id: 'c', name: 'a', arguments: {} }),
    );
  });
});

describe('tools', () => {
  const own = { name: 'ask', description: 'Asks.', input_schema: { type: 'object' } };
  const server = { type: 'url', url: 'https://tools.example.com/mcp', name: 'notes', authorization_token: 't' };
  const brought = {
    type: 'ephemeral_mcp',
    serverLabel: 'notes',
    serverUrl: 'https://tools.example.com/mcp',
    headers: { Authorization: 'Bearer t' },
  };

  it("are the caller's own", () => {
    expect(parse({ tools: [own, { type: 'custom', name: 'end' }] }).request.clientTools).toEqual([
      { name: 'ask', description: 'Asks.', parameters: { type: 'object' } },
      { name: 'end', parameters: { type: 'object', properties: {} } },
    ]);
  });

  it.each([
    [{ type: 'auto' }, 'auto'],
    [{ type: 'any' }, 'required'],
    [{ type: 'none' }, 'none'],
    [{ type: 'tool', name: 'ask' }, { name: 'ask' }],
  ])('are chosen as %j says', (choice, expected) => {
    expect(parse({ tools: [own], tool_choice: choice }).request.toolChoice).toEqual(expected);
  });

  it.each([
    ['all of a server', {}, [], {}],
    [
      'those that its configuration names',
      { tool_configuration: { allowed_tools: ['a'] } },
      [],
      { allowedTools: ['a'] },
    ],
    ['none, when it is switched off', { tool_configuration: { enabled: false } }, [], { allowedTools: [] }],
    ['all of a set', {}, [{ configs: { a: {} } }], {}],
    [
      'those that a set switches on',
      {},
      [{ default_config: { enabled: false }, configs: { a: { enabled: true }, b: {} } }],
      { allowedTools: ['a'] },
    ],
    [
      'those that both name',
      { tool_configuration: { allowed_tools: ['a', 'b'] } },
      [{ default_config: { enabled: false }, configs: { b: { enabled: true }, c: { enabled: true } } }],
      { allowedTools: ['b'] },
    ],
  ])('of MCP servers are %s', (_, configuration, sets, expected) => {
    const tools = sets.map((set) => ({ type: 'mcp_toolset', mcp_server_name: 'notes', ...set }));
    const { request } = parse({ mcp_servers: [{ ...server, ...configuration }], tools });
    expect(request.integrations).toEqual([{ ...brought, ...expected }]);
  });

  it('may be those of servers of this server', () => {
    expect(parse({ integrations: ['mcp/files'] }).request.integrations).toEqual([{ type: 'plugin', id: 'mcp/files' }]);
  });
});

describe('what is wrong', () => {
  const part = (block: unknown) => ({ messages: [{ role: 'user', content: [block] }] });
  it.each([
    [{ model: undefined }, 'MISSING_PARAMETER', 'model'],
    [{ max_tokens: undefined }, 'MISSING_PARAMETER', 'max_tokens'],
    [{ max_tokens: -1 }, 'INVALID_REQUEST', 'max_tokens'],
    [{ messages: [] }, 'INVALID_REQUEST', 'messages'],
    [{ messages: [{ role: 'tool', content: 'x' }] }, 'INVALID_REQUEST', 'messages[0].role'],
    [part({ type: 'text' }), 'MISSING_PARAMETER', 'messages[0].content[0].text'],
    [part({ type: 'video' }), 'INVALID_REQUEST', 'messages[0].content[0].type'],
    [part({ type: 'image', source: { type: 'url' } }), 'INVALID_REQUEST', 'messages[0].content[0].source'],
    [part({ type: 'tool_result' }), 'MISSING_PARAMETER', 'messages[0].content[0].tool_use_id'],
    [{ system: [{ type: 'image', source: PNG }] }, 'INVALID_REQUEST', 'system[0]'],
    [{ tools: [{}] }, 'MISSING_PARAMETER', 'tools[0].name'],
    [{ tool_choice: { type: 'any' } }, 'INVALID_REQUEST', 'tool_choice'],
    [{ tool_choice: { type: 'tool' } }, 'MISSING_PARAMETER', 'tool_choice.name'],
    [{ tool_choice: { type: 'tool', name: 'x' } }, 'INVALID_REQUEST', 'tool_choice'],
    [{ tools: [{ type: 'mcp_toolset', mcp_server_name: 'x' }] }, 'INVALID_REQUEST', 'tools[0].mcp_server_name'],
    [
      {
        mcp_servers: [{ url: 'https://a.example', name: 'a' }],
        tools: [{ type: 'mcp_toolset', mcp_server_name: 'a', configs: { rm: { enabled: false } } }],
      },
      'INVALID_REQUEST',
      'tools[0].configs',
    ],
  ])('in %j is named', (fields, code, param) => {
    expect(() => parse(fields)).toThrow(expect.objectContaining({ code, param }));
  });

  it.each<[Record<string, unknown>, ChatField, string | undefined]>([
    [{}, 'model', 'model'],
    [{}, 'maxOutputTokens', 'max_tokens'],
    [{ stop_sequences: ['x'] }, 'stop', 'stop_sequences'],
    [{ mcp_servers: [{ url: 'https://a.example', name: 'a' }] }, 'integrations', 'mcp_servers'],
    [{ integrations: ['mcp/a'] }, 'integrations', 'integrations'],
    [{ tools: [{ type: 'web_search_1', name: 'w' }, { name: 'a' }] }, 'tools.0.parameters', 'tools[1].input_schema'],
    [{ tools: [{ name: 'a' }] }, 'tools.0.name', 'tools[0].name'],
    [{}, 'contextLength', undefined],
    [{}, 'reasoning', undefined],
  ])('of %j, where the field is %s, is called %s', (fields, field, param) => {
    expect(parse(fields).paramOf(field)).toBe(param);
  });
});
