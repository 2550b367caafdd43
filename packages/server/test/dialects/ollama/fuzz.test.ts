import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatResult, OutputItem } from '../../../src/contracts/chat-event.ts';
import { ServerError } from '../../../src/contracts/server-error.ts';
import { parseChat } from '../../../src/dialects/ollama/parse.ts';
import { parseGenerate } from '../../../src/dialects/ollama/parse-generate.ts';
import { parseLoad } from '../../../src/dialects/ollama/parse-load.ts';
import { createAnswer } from '../../../src/dialects/ollama/render.ts';

const name = fc.constantFrom('one', 'two', '__proto__', '');
const json = fc.jsonValue({ maxDepth: 2 });
/** A value as the API has it, and now and then one that no client would send. */
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<unknown> => fc.oneof({ weight: 9, arbitrary: value }, json);
const images = maybe(fc.array(fc.oneof(fc.constant('iVBORw0KGgo='), fc.base64String()), { maxLength: 2 }));

const message = fc.record(
  {
    role: maybe(fc.constantFrom('system', 'user', 'assistant', 'tool')),
    content: maybe(fc.string()),
    thinking: maybe(fc.string()),
    images,
    tool_calls: maybe(
      fc.array(fc.record({ id: maybe(name), function: fc.record({ name: maybe(name), arguments: json }) }), {
        maxLength: 3,
      }),
    ),
    tool_name: maybe(name),
    tool_call_id: maybe(name),
  },
  { requiredKeys: ['role'] },
);
const shared = {
  model: maybe(fc.constantFrom('m', 'm:latest')),
  stream: maybe(fc.boolean()),
  format: maybe(fc.constantFrom('json', '')),
  keep_alive: maybe(fc.oneof(fc.constantFrom('5m', '1h30m', '-1', '0'), fc.integer(), fc.string())),
  think: maybe(fc.constantFrom(true, false, 'high')),
  options: maybe(
    fc.dictionary(fc.constantFrom('num_ctx', 'num_predict', 'temperature', 'top_k', 'seed', 'stop', '__proto__'), json),
  ),
};
const chat = fc.record(
  {
    ...shared,
    messages: maybe(fc.array(message, { maxLength: 5 })),
    tools: maybe(
      fc.array(fc.record({ type: fc.constant('function'), function: fc.record({ name, parameters: json }) }), {
        maxLength: 3,
      }),
    ),
  },
  { requiredKeys: ['model'] },
);
const generate = fc.record(
  {
    ...shared,
    prompt: maybe(fc.string()),
    suffix: maybe(fc.string()),
    system: maybe(fc.string()),
    images,
    raw: maybe(fc.boolean()),
  },
  { requiredKeys: ['model'] },
);

function expectRefusal(error: unknown): void {
  expect(error).toBeInstanceOf(ServerError);
  expect(error).toMatchObject({ param: expect.any(String) });
}

describe('any body', () => {
  it.each([
    ['/api/chat', chat, parseChat, 'chat'],
    ['/api/generate', generate, parseGenerate, 'generate'],
  ] as const)(
    'of %s is a request whose messages have their form, or is refused with a parameter',
    (_, body, parse, kind) => {
      fc.assert(
        fc.property(body as fc.Arbitrary<unknown>, (sent) => {
          try {
            const load = parseLoad(kind, sent);
            const { request } = parse(sent);
            if (load === undefined)
              expect(request.messages.length + (request.prompt === undefined ? 0 : 1)).toBeGreaterThan(0);
            for (const { role, content } of request.messages) {
              if (role === 'system') expect(content).toBeTypeOf('string');
              else for (const part of content) expect(part).toHaveProperty('type');
            }
            expect(request.keepAliveMilliseconds ?? 0).toBeGreaterThanOrEqual(0);
          } catch (error) {
            expectRefusal(error);
          }
        }),
      );
    },
  );
});

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
);

describe('any answer', () => {
  it('that is sent back is what the model has produced: its thoughts, its text and its calls', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 6 }), (output) => {
        const stats = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 };
        const result: ChatResult = {
          ...{ model: 'm', output, finishReason: 'stop' },
          stats: { ...stats, tokensPerSecond: 1, timeToFirstTokenSeconds: 1 },
        };
        const options = { kind: 'chat', model: 'm', paramOf: () => undefined } as const;
        const answer = createAnswer({ id: '1', createdAt: new Date(0) }, options);
        const { message } = JSON.parse(JSON.stringify(answer.renderResult(result)));
        const { messages } = parseChat({ model: 'm', messages: [message] }).request;
        const join = (type: OutputItem['type']): string =>
          output.flatMap((one) => (one.type === type && 'content' in one ? [one.content] : [])).join('');
        const [thought, text] = [join('reasoning'), join('message')];
        expect(messages).toEqual([
          {
            role: 'assistant',
            content: [
              ...(thought === '' ? [] : [{ type: 'reasoning', text: thought }]),
              ...(text === '' ? [] : [{ type: 'text', text }]),
              ...output.flatMap((one) =>
                one.type === 'client_tool_call'
                  ? [{ type: 'tool_call', id: one.id, name: one.name, arguments: one.arguments }]
                  : [],
              ),
            ],
          },
        ]);
      }),
    );
  });
});
