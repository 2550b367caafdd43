import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatResult, OutputItem } from '../../../src/contracts/chat-event.ts';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { parseResponses } from '../../../src/dialects/responses/parse.ts';

const id = fc.constantFrom('c1', 'c2', '__proto__', 'mcp_1_0', '');
const json = fc.jsonValue({ maxDepth: 2 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> => fc.oneof({ weight: 9, arbitrary: value }, json);
const seal = { seal: (text: string) => `sealed ${text}`, open: (text: string) => text.split('sealed ')[1] };

/** Items as the API has them, and now and then with a value in them that no client would send. */
const part = fc.oneof(
  fc.record({ type: fc.constantFrom('input_text', 'output_text', 'text'), text: maybe(fc.string()) }),
  fc.record({ type: fc.constant('refusal'), refusal: maybe(fc.string()) }),
  fc.record({ type: fc.constant('input_image'), image_url: maybe(fc.constant('data:image/png;base64,AAAA')) }),
  fc.record({ type: fc.string({ maxLength: 12 }) }),
);
const content = maybe(fc.oneof(fc.string(), fc.array(part, { maxLength: 4 })));
const item = fc.oneof(
  fc.record(
    {
      type: fc.constant('message'),
      role: maybe(fc.constantFrom('user', 'assistant', 'system', 'developer')),
      content,
    },
    { requiredKeys: ['content'] },
  ),
  fc.record({ type: fc.constant('reasoning'), summary: json, content: json, encrypted_content: maybe(fc.string()) }),
  fc.record({
    type: fc.constant('function_call'),
    call_id: id,
    name: maybe(id),
    namespace: maybe(id),
    arguments: json,
  }),
  fc.record({ type: fc.constant('custom_tool_call'), call_id: id, name: maybe(id), input: json }),
  fc.record({
    type: fc.constantFrom('function_call_output', 'custom_tool_call_output'),
    call_id: maybe(id),
    output: fc.oneof(fc.string(), fc.array(part, { maxLength: 3 }), json),
  }),
  fc.record({ type: fc.constant('mcp_call'), id, name: maybe(id), arguments: json, output: json, error: json }),
  fc.record({ type: fc.constantFrom('mcp_list_tools', 'mcp_approval_request', 'mcp_approval_response'), id, name: id }),
  fc.record({ type: fc.string({ maxLength: 12 }), id: json }),
);
const tool = fc.oneof(
  fc.record({ type: fc.constantFrom('function', 'custom'), name: maybe(id), parameters: json }),
  fc.record({
    type: fc.constant('namespace'),
    name: maybe(id),
    tools: maybe(fc.array(fc.record({ type: fc.constant('function'), name: maybe(id) }), { maxLength: 2 })),
  }),
  fc.record({
    type: fc.constant('mcp'),
    server_label: maybe(id),
    server_url: maybe(fc.webUrl()),
    allowed_tools: json,
    require_approval: maybe(fc.constantFrom('always', 'never')),
  }),
  fc.record({ type: fc.string({ maxLength: 12 }) }),
);
const choice = fc.oneof(
  fc.constantFrom('auto', 'none', 'required'),
  fc.record({ type: fc.constantFrom('function', 'custom', 'mcp', 'web_search'), name: id, server_label: id }),
  fc.record({ type: fc.constant('allowed_tools'), mode: maybe(fc.constant('auto')), tools: json }),
);
const body = fc.record(
  {
    model: fc.constant('m'),
    input: maybe(fc.oneof(fc.string(), fc.array(item, { maxLength: 6 }))),
    instructions: maybe(fc.string()),
    tools: maybe(fc.array(tool, { maxLength: 3 })),
    tool_choice: maybe(choice),
    reasoning: maybe(fc.record({ effort: maybe(fc.constantFrom('low', 'none', '__proto__')), summary: json })),
    text: maybe(fc.record({ format: json })),
    include: maybe(fc.array(fc.string(), { maxLength: 2 })),
    metadata: json,
    max_output_tokens: maybe(fc.integer()),
  },
  { requiredKeys: ['model', 'input'] },
);

describe('any body', () => {
  it('is a request whose messages have their form, or is refused with a parameter', () => {
    fc.assert(
      fc.property(body, (sent) => {
        try {
          const { request } = parseResponses(sent, seal);
          for (const { role, content: parts } of request.messages) {
            if (role === 'system') expect(parts).toBeTypeOf('string');
            else for (const one of parts) if ('text' in one) expect(one.text).toBeTypeOf('string');
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ServerError);
          expect(error).toMatchObject({ param: expect.any(String) });
        }
      }),
    );
  });
});

const origin = { type: 'plugin', pluginId: 'mcp/a' } as const;
/** As they are after JSON, which has no -0. */
const args = fc
  .dictionary(fc.constantFrom('a', 'b'), fc.jsonValue({ maxDepth: 1 }))
  .map((given) => JSON.parse(JSON.stringify(given)) as typeof given);
const output: fc.Arbitrary<OutputItem> = fc.oneof(
  fc.record({ type: fc.constantFrom('message' as const, 'reasoning' as const), content: fc.string({ minLength: 1 }) }),
  fc.record({
    type: fc.constant('client_tool_call' as const),
    id: fc.uuid(),
    name: fc.constantFrom('ask', 'files__read'),
    arguments: args,
  }),
  fc.record({
    type: fc.constant('client_tool_call' as const),
    id: fc.uuid(),
    name: fc.constant('patch'),
    arguments: fc.record({ input: fc.string() }),
  }),
  fc.record({
    type: fc.constant('tool_call' as const),
    id: fc.uuid(),
    tool: fc.constant('read'),
    arguments: args,
    output: fc.constant('[]'),
    content: fc.array(fc.record({ type: fc.constant('text' as const), text: fc.string() }), { maxLength: 2 }),
    isError: fc.boolean(),
    origin: fc.constant(origin),
  }),
);
const tools = [
  { type: 'function', name: 'ask' },
  { type: 'custom', name: 'patch' },
  { type: 'namespace', name: 'files', tools: [{ type: 'function', name: 'read' }] },
];

describe('any answer', () => {
  it('that is sent back is what the model has produced, in its order', () => {
    fc.assert(
      fc.property(fc.array(output, { minLength: 1, maxLength: 6 }), fc.boolean(), (produced, isSealed) => {
        const stats = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 };
        const result: ChatResult = {
          ...{ model: 'm', output: produced, finishReason: 'stop' },
          stats: { ...stats, tokensPerSecond: 1, timeToFirstTokenSeconds: 1 },
        };
        const include = isSealed ? ['reasoning.encrypted_content'] : [];
        const { answer } = parseResponses({ model: 'm', input: 'Hi', tools, include }, seal);
        const rendered = answer({ id: '1', createdAt: new Date(0) }).renderResult(result);
        const items = JSON.parse(JSON.stringify(rendered.output));
        const { request } = parseResponses({ model: 'm', tools, input: items }, seal);
        const parts = request.messages.flatMap((one): unknown[] =>
          one.role === 'tool' ? [{ type: 'result', name: one.name, isError: one.isError ?? false }] : [...one.content],
        );
        expect(parts).toEqual(
          produced.flatMap((one): object[] => {
            if (one.type === 'message') return [{ type: 'text', text: one.content }];
            if (one.type === 'reasoning') return [{ type: 'reasoning', text: one.content }];
            const { id: callId } = one;
            if (one.type === 'client_tool_call') {
              return [{ type: 'tool_call', id: callId, name: one.name, arguments: one.arguments }];
            }
            if (one.type !== 'tool_call') return [];
            return [
              { type: 'tool_call', id: expect.any(String), name: one.tool, arguments: one.arguments },
              { type: 'result', name: one.tool, isError: one.isError },
            ];
          }),
        );
      }),
    );
  });
});
