import { describe, expect, it } from 'vitest';
import { parseChat } from '../../../src/dialects/lmstudio/parse.ts';

const parse = (fields: Record<string, unknown>) => parseChat({ model: 'm', input: 'Hi', ...fields }).request;

describe('a request', () => {
  it('is neutral when it has only what it must', () => {
    expect(parseChat({ model: 'ibm/granite', input: 'Hi' })).toMatchObject({
      stream: false,
      ignored: [],
      request: {
        model: 'ibm/granite',
        messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }],
        integrations: [],
        clientTools: [],
        toolChoice: 'auto',
        sampling: {},
        stop: [],
        store: true,
      },
    });
  });

  it('keeps the system prompt before the input', () => {
    expect(parse({ system_prompt: 'Be brief.' }).messages.map(({ role }) => role)).toEqual(['system', 'user']);
  });

  it.each([
    [{ temperature: 0 }, { sampling: { temperature: 0 } }],
    [{ top_p: 0.5 }, { sampling: { topP: 0.5 } }],
    [{ top_k: 40 }, { sampling: { topK: 40 } }],
    [{ min_p: 0.1 }, { sampling: { minP: 0.1 } }],
    [{ repeat_penalty: 1.1 }, { sampling: { repeatPenalty: 1.1 } }],
    [{ presence_penalty: -1 }, { sampling: { presencePenalty: -1 } }],
    [{ max_output_tokens: 7 }, { maxOutputTokens: 7 }],
    [{ reasoning: 'low' }, { reasoning: 'low' }],
    [{ context_length: 8000 }, { contextLength: 8000 }],
    [{ store: false }, { store: false }],
    [{ previous_response_id: 'resp_0aF' }, { previousResponseId: 'resp_0aF' }],
  ])('reads %j', (fields, expected) => {
    expect(parse(fields)).toMatchObject(expected);
  });

  it('may ask for a stream', () => {
    expect(parseChat({ model: 'm', input: 'Hi', stream: true }).stream).toBe(true);
  });
});

describe('the input', () => {
  it('may be blocks of text, which the documentation calls text or message, and images', () => {
    const input = [
      { type: 'text', content: 'What is' },
      { type: 'message', content: 'this?' },
      { type: 'image', data_url: 'data:image/png;base64,iVBORw0KGgo=' },
    ];
    expect(parse({ input }).messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is' },
          { type: 'text', text: 'this?' },
          { type: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' },
        ],
      },
    ]);
  });

  it.each([
    'https://example.com/cat.png',
    'file:///etc/passwd',
    'data:text/html;base64,AAAA',
    'data:image/png,AAAA',
    'data:image/png;base64,',
    'data:image/png;base64,A A',
  ])('takes no image from %s', (url) => {
    expect(() => parse({ input: [{ type: 'image', data_url: url }] })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', param: 'input[0].data_url' }),
    );
  });
});

describe('integrations', () => {
  it('come in all three notations', () => {
    const integrations = [
      'mcp/files',
      { type: 'plugin', id: 'mcp/tiktoken', allowed_tools: ['fetch'] },
      { type: 'plugin', id: 'mcp/all' },
      {
        type: 'ephemeral_mcp',
        server_label: 'remote',
        server_url: 'https://example.com/mcp',
        allowed_tools: ['a'],
        headers: { Authorization: 'Bearer x' },
      },
    ];
    expect(parse({ integrations }).integrations).toEqual([
      { type: 'plugin', id: 'mcp/files' },
      { type: 'plugin', id: 'mcp/tiktoken', allowedTools: ['fetch'] },
      { type: 'plugin', id: 'mcp/all' },
      {
        type: 'ephemeral_mcp',
        serverLabel: 'remote',
        serverUrl: 'https://example.com/mcp',
        allowedTools: ['a'],
        headers: { Authorization: 'Bearer x' },
      },
    ]);
  });

  it('keep an empty list of tools apart from none', () => {
    const [integration] = parse({ integrations: [{ type: 'plugin', id: 'a/b', allowed_tools: [] }] }).integrations;
    expect(integration).toEqual({ type: 'plugin', id: 'a/b', allowedTools: [] });
  });
});

describe('what is wrong', () => {
  it.each([
    [{ model: undefined }, 'MISSING_PARAMETER', 'model'],
    [{ model: 5 }, 'INVALID_REQUEST', 'model'],
    [{ input: undefined }, 'MISSING_PARAMETER', 'input'],
    [{ input: [] }, 'INVALID_REQUEST', 'input'],
    [{ input: [{ type: 'text' }] }, 'MISSING_PARAMETER', 'input[0].content'],
    [{ input: [{ type: 'audio', content: '' }] }, 'INVALID_REQUEST', 'input[0].type'],
    [{ temperature: 1.1 }, 'INVALID_REQUEST', 'temperature'],
    [{ temperature: '0' }, 'INVALID_REQUEST', 'temperature'],
    [{ top_k: 1.5 }, 'INVALID_REQUEST', 'top_k'],
    [{ max_output_tokens: 0 }, 'INVALID_REQUEST', 'max_output_tokens'],
    [{ reasoning: 'extreme' }, 'INVALID_REQUEST', 'reasoning'],
    [{ stream: 'yes' }, 'INVALID_REQUEST', 'stream'],
    [{ previous_response_id: 'chat_1' }, 'INVALID_REQUEST', 'previous_response_id'],
    [{ integrations: 'mcp/files' }, 'INVALID_REQUEST', 'integrations'],
    [{ integrations: [{ type: 'plugin' }] }, 'MISSING_PARAMETER', 'integrations[0].id'],
    [{ integrations: [{ type: 'mcp', id: 'a' }] }, 'INVALID_REQUEST', 'integrations[0].type'],
    [
      { integrations: [{ type: 'plugin', id: 'a', allowed_tools: [1] }] },
      'INVALID_REQUEST',
      'integrations[0].allowed_tools[0]',
    ],
    [
      { integrations: [{ type: 'ephemeral_mcp', server_label: 'a' }] },
      'MISSING_PARAMETER',
      'integrations[0].server_url',
    ],
    [{ tools: [] }, 'UNKNOWN_PARAMETER', 'tools'],
    [{ seed: 1 }, 'UNKNOWN_PARAMETER', 'seed'],
    [{ messages: [] }, 'UNKNOWN_PARAMETER', 'messages'],
  ])('in %j is named', (fields, code, param) => {
    const body = JSON.parse(JSON.stringify({ model: 'm', input: 'Hi', ...fields })) as unknown;
    expect(() => parseChat(body)).toThrow(expect.objectContaining({ code, param }));
  });
});
