import { describe, expect, it } from 'vitest';
import { parseMessages } from '../../src/dialects/anthropic/parse.ts';
import { createV0Chat } from '../../src/dialects/openai/lmstudio-v0.ts';
import { parseChatCompletion } from '../../src/dialects/openai/parse.ts';
import { responsesDialect } from '../../src/dialects/responses/index.ts';

const schema = { type: 'object', properties: { a: { type: 'integer' } } };
const seal = { seal: (text: string) => text, open: (text: string) => text };
const messages = [{ role: 'user', content: 'Hi' }];
const format = (strict?: boolean) => ({ type: 'json_schema', json_schema: { name: 'x', schema, strict } });

describe('a schema of an answer is strict', () => {
  it.each([
    [true, true],
    [false, undefined],
    [undefined, undefined],
  ])("where OpenAI's caller says so: %s", (strict, expected) => {
    const chat = parseChatCompletion({ model: 'm', messages, response_format: format(strict) });
    expect(chat.request.responseSchemaIsStrict).toBe(expected);
    const text = { format: { type: 'json_schema', name: 'x', schema, strict } };
    expect(responsesDialect.parse({ model: 'm', input: 'Hi', text }, seal).request.responseSchemaIsStrict).toBe(
      expected,
    );
  });

  it("always in LM Studio's older API, and in Anthropic's", () => {
    const v0 = createV0Chat(() => undefined, '1');
    const request = { model: 'm', messages, response_format: format() };
    expect(v0.parse(request, seal).request.responseSchemaIsStrict).toBe(true);
    const output = { model: 'm', max_tokens: 9, messages, output_format: { type: 'json_schema', schema } };
    expect(parseMessages(output).request.responseSchemaIsStrict).toBe(true);
  });
});
