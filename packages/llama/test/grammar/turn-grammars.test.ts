import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CALL_TAGS } from '../../src/formats/syntax/known-syntaxes.ts';
import { GrammarRules } from '../../src/grammar/grammar-rules.ts';
import { stringsExcept } from '../../src/grammar/strings-except.ts';
import { afterCallGrammar, answerGrammar, callGrammar } from '../../src/grammar/turn-grammars.ts';
import { createGrammarJudge, type GrammarJudge } from './accepts.ts';

const CALLS = { calls: CALL_TAGS };
const TOOLS = [
  { name: 'fetch', parameters: { type: 'object', properties: {} } },
  {
    name: 'fetch_all',
    parameters: { type: 'object', properties: { limit: { type: 'integer' } }, required: ['limit'] },
  },
  { name: 'say', parameters: { type: 'object', properties: { word: { enum: ['hi', 'ho'] } }, required: ['word'] } },
];

let judge: GrammarJudge;

beforeAll(async () => {
  judge = await createGrammarJudge();
});
afterAll(() => judge.close());

function call(name: string, callArguments: unknown): string {
  return `\n{"name": ${JSON.stringify(name)}, "arguments": ${JSON.stringify(callArguments)}}\n</tool_call>`;
}

describe('an answer’s grammar', () => {
  it.each([
    ['a huge enumeration', { enum: Array.from({ length: 5000 }, (_, index) => index) }],
    [
      'a depth that no grammar has',
      Array.from({ length: 60 }).reduce<object>((items) => ({ type: 'array', items }), {}),
    ],
  ])('is refused by name for %s, since the answer would not be held to it', (_what, schema) => {
    expect(() => answerGrammar({ schema: schema as Record<string, unknown> })).toThrow(
      expect.objectContaining({ code: 'INVALID_REQUEST', field: 'responseSchema' }),
    );
  });
});

describe('a call’s grammar', () => {
  it.each([
    ['fetch', {}],
    ['fetch_all', { limit: 5 }],
    ['say', { word: 'ho' }],
  ])('allows %s with arguments that follow its schema', (name, callArguments) => {
    expect(judge.accepts(callGrammar(TOOLS, CALLS, false), call(name, callArguments))).toBe(true);
    expect(judge.accepts(callGrammar(TOOLS, CALLS, true), call(name, callArguments))).toBe(true);
  });

  it.each([
    ['fetch', { a: 1 }],
    ['fetch_all', {}],
    ['fetch_all', { limit: 'five' }],
    ['say', { word: 'hello' }],
  ])('does not allow %s with other arguments', (name, callArguments) => {
    expect(judge.accepts(callGrammar(TOOLS, CALLS, false), call(name, callArguments))).toBe(false);
  });

  it.each(['fetc', 'fetch_', 'fetch_all_of_it', 'Fetch', 'delete', 'f', ''])(
    'allows the unknown name “%s” with any arguments, unless a known one is required',
    (name) => {
      const text = call(name, { anything: [1, { a: null }] });
      expect(judge.accepts(callGrammar(TOOLS, CALLS, false), text)).toBe(true);
      expect(judge.accepts(callGrammar(TOOLS, CALLS, true), text)).toBe(false);
    },
  );

  it('does not let a known name slip through as an unknown one by an escape', () => {
    const text = '{"name": "\\u0066etch", "arguments": {"a": 1}}</tool_call>';
    expect(judge.accepts(callGrammar(TOOLS, CALLS, false), text)).toBe(false);
  });

  it('is compact or spaced, and nothing follows it', () => {
    const grammar = callGrammar(TOOLS, CALLS, false);
    expect(judge.accepts(grammar, '{"name":"fetch","arguments":{}}</tool_call>')).toBe(true);
    expect(judge.accepts(grammar, `${call('fetch', {})}\n`)).toBe(false);
  });

  it('can be made for many tools with long names and large schemas', () => {
    const many = Array.from({ length: 150 }, (_, index) => ({
      name: `server_${index}_${'long_name_'.repeat(5)}`,
      parameters: {
        type: 'object',
        properties: Object.fromEntries(
          Array.from({ length: 30 }, (_, key) => [`p${key}`, { type: 'string', maxLength: 200 }]),
        ),
      },
    }));
    const grammar = callGrammar(many, CALLS, false);
    expect(judge.accepts(grammar, call(many[149]!.name, { p0: 'x' }))).toBe(true);
    expect(judge.accepts(grammar, call('unknown', {}))).toBe(true);
  });
});

describe('strings except some', () => {
  it('are all other strings and none of these', () => {
    const name = fc.stringMatching(/^[a-c_\-é😀\]^]{0,5}$/u);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 5 }), name, (excluded, text) => {
        const rules = new GrammarRules(1000);
        const grammar = rules.toText(stringsExcept(rules, excluded));
        expect(judge.accepts(grammar, JSON.stringify(text))).toBe(!excluded.includes(text));
      }),
      { numRuns: 500 },
    );
  });
});

describe('an answer’s grammar', () => {
  const schema = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };

  it('is the schema alone when nothing else may come', () => {
    const grammar = answerGrammar({ schema });
    expect(judge.accepts(grammar, '{"a": 1}')).toBe(true);
    expect(judge.accepts(grammar, '<tool_call>')).toBe(false);
    expect(judge.accepts(grammar, '<think>')).toBe(false);
    expect(judge.accepts(grammar, 'Sure! {"a": 1}')).toBe(false);
  });

  it('leaves the door open for reasoning and calls', () => {
    const grammar = answerGrammar({ schema, calls: CALL_TAGS.open, reasoning: '<think>' });
    for (const text of ['{"a": 1}', '<tool_call>', '\n<think>']) expect(judge.accepts(grammar, text)).toBe(true);
    expect(judge.accepts(grammar, 'text')).toBe(false);
  });

  it('is a call when a call is required', () => {
    const grammar = answerGrammar({ calls: CALL_TAGS.open });
    expect(judge.accepts(grammar, '<tool_call>')).toBe(true);
    expect(judge.accepts(grammar, '{"a": 1}')).toBe(false);
  });
});

describe('the grammar after a call', () => {
  it('allows another call or the end', () => {
    const grammar = afterCallGrammar(CALLS);
    expect(judge.accepts(grammar, '')).toBe(true);
    expect(judge.accepts(grammar, '\n<tool_call>')).toBe(true);
    expect(judge.accepts(grammar, 'text')).toBe(false);
  });
});
