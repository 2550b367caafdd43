import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatResult, OutputItem } from '../../../src/contracts/chat-event.ts';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { parseMessages } from '../../../src/dialects/anthropic/parse.ts';
import { createAnswer } from '../../../src/dialects/anthropic/render.ts';

const id = fc.constantFrom('c1', 'c2', '__proto__', '');
const json = fc.jsonValue({ maxDepth: 2 });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> => fc.oneof({ weight: 9, arbitrary: value }, json);

/** Blocks as the API has them, and now and then with a value in them that no client would send. */
const inner = fc.oneof(
  fc.record({ type: fc.constant('text'), text: maybe(fc.string()) }),
  fc.record({
    type: fc.constant('image'),
    source: maybe(
      fc.record({ type: fc.constant('base64'), media_type: fc.constant('image/png'), data: maybe(fc.base64String()) }),
    ),
  }),
  fc.record({ type: fc.constant('document'), source: json, title: maybe(fc.string()) }, { requiredKeys: ['type'] }),
  fc.record({ type: fc.string({ maxLength: 12 }) }),
);
const block = fc.oneof(
  inner,
  fc.record({ type: fc.constant('thinking'), thinking: maybe(fc.string()), signature: maybe(fc.string()) }),
  fc.record({ type: fc.constant('redacted_thinking'), data: maybe(fc.string()) }),
  fc.record({ type: fc.constantFrom('tool_use', 'mcp_tool_use'), id: maybe(id), name: maybe(id), input: json }),
  fc.record(
    {
      type: fc.constantFrom('tool_result', 'mcp_tool_result'),
      tool_use_id: maybe(id),
      content: fc.oneof(fc.string(), fc.array(inner, { maxLength: 3 }), json),
      is_error: maybe(fc.boolean()),
    },
    { requiredKeys: ['type', 'tool_use_id'] },
  ),
);
const message = fc.record({
  role: maybe(fc.constantFrom('user', 'assistant', 'system')),
  content: maybe(fc.oneof(fc.string(), fc.array(block, { maxLength: 5 }))),
});
const body = fc.record(
  {
    model: fc.constant('m'),
    max_tokens: maybe(fc.nat(100)),
    messages: fc.array(message, { minLength: 1, maxLength: 5 }),
    system: maybe(fc.oneof(fc.string(), fc.array(inner, { maxLength: 3 }))),
    tools: maybe(fc.array(fc.record({ name: maybe(id), input_schema: json }), { maxLength: 3 })),
    tool_choice: maybe(fc.record({ type: fc.constantFrom('auto', 'any', 'tool', 'none'), name: id })),
    thinking: maybe(fc.record({ type: fc.constantFrom('enabled', 'disabled', 'adaptive'), budget_tokens: json })),
    mcp_servers: maybe(fc.array(fc.record({ url: fc.webUrl(), name: maybe(id) }), { maxLength: 2 })),
  },
  { requiredKeys: ['model', 'max_tokens', 'messages'] },
);

describe('any body', () => {
  it('is a request whose messages have their form, or is refused with a parameter', () => {
    fc.assert(
      fc.property(body, (sent) => {
        try {
          const { request } = parseMessages(sent);
          for (const { role, content } of request.messages) {
            if (role === 'system') expect(content).toBeTypeOf('string');
            else
              for (const part of content) expect(part).toMatchObject(part.type === 'text' ? { text: part.text } : {});
          }
          expect(JSON.stringify(request.messages)).not.toContain('undefined:');
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
const item: fc.Arbitrary<OutputItem> = fc.oneof(
  fc.record({ type: fc.constant('message' as const), content: fc.string({ minLength: 1 }) }),
  fc.record({ type: fc.constant('reasoning' as const), content: fc.string({ minLength: 1 }) }),
  fc.record({
    type: fc.constant('client_tool_call' as const),
    id: fc.uuid(),
    name: fc.constant('ask'),
    arguments: args,
  }),
  fc.record({
    type: fc.constant('tool_call' as const),
    id: fc.uuid(),
    tool: fc.constant('read'),
    arguments: args,
    output: fc.constant('[]'),
    content: fc.array(fc.record({ type: fc.constant('text' as const), text: fc.string() }), { maxLength: 2 }),
    isError: fc.constant(false),
    origin: fc.constant(origin),
  }),
);

describe('any answer', () => {
  it('that is sent back is what the model has produced, in its order', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), (output) => {
        const stats = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 };
        const result: ChatResult = {
          ...{ model: 'm', output, finishReason: 'stop' },
          stats: { ...stats, tokensPerSecond: 1, timeToFirstTokenSeconds: 1 },
        };
        const answer = createAnswer(
          { id: '1', createdAt: new Date(0) },
          {
            ...{ model: 'm', isWarmUp: false },
            paramOf: () => undefined,
          },
        );
        const { content } = JSON.parse(JSON.stringify(answer.renderResult(result)));
        const messages = [
          { role: 'user', content: 'Hi' },
          { role: 'assistant', content },
        ];
        const parts = parseMessages({ model: 'm', max_tokens: 1, messages })
          .request.messages.slice(1)
          .flatMap((one): unknown[] =>
            one.role === 'tool' ? [{ type: 'result', of: one.toolCallId, name: one.name }] : [...one.content],
          );
        expect(parts).toEqual(
          output.flatMap((one): object[] => {
            if (one.type === 'message') return [{ type: 'text', text: one.content }];
            if (one.type === 'reasoning')
              return [{ type: 'reasoning', text: one.content, signature: expect.any(String) }];
            if (one.type === 'client_tool_call') {
              return [{ type: 'tool_call', id: one.id, name: one.name, arguments: one.arguments }];
            }
            if (one.type !== 'tool_call') return [];
            return [
              { type: 'tool_call', id: one.id, name: one.tool, arguments: one.arguments },
              { type: 'result', of: one.id, name: one.tool },
            ];
          }),
        );
      }),
    );
  });
});
