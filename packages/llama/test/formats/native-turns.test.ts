import { describe, expect, it } from 'vitest';
import { createTurnParser } from '../../src/formats/create-turn-parser.ts';
import { SpecialTexts } from '../../src/formats/special-texts.ts';
import { markAll, markTokens, TOKEN_MARK } from '../../src/formats/syntax/token-marks.ts';
import type { ParsedEvent } from '../../src/formats/turn-parser.ts';
import { readBundledTemplates } from './bundled-templates.ts';
import { JudgedTemplate, TOOLS } from './judge-template.ts';
import { NATIVE_TURNS } from './native-turns.ts';

const templates = new Map([...readBundledTemplates()].map(([name, source]) => [name, new JudgedTemplate(source)]));
const of = (name: string): JudgedTemplate => templates.get(name) ?? expect.fail(`no template ${name}`);

/** The events of a turn that nothing in the prompt has begun, with neighbouring texts joined. */
function read(
  name: string,
  text: string,
  { length = 3, tools = TOOLS, specials = new SpecialTexts([]) } = {},
): ParsedEvent[] {
  const syntax = markAll(of(name).chosen.format.syntax, specials);
  const parser = createTurnParser({ syntax, opened: '', tools });
  const events: ParsedEvent[] = [];
  const begun = text.startsWith(syntax.channels?.start ?? '\0') ? text.slice(syntax.channels?.start.length) : text;
  for (let at = 0; at < begun.length; at += length) events.push(...parser.read(begun.slice(at, at + length)));
  events.push(...parser.end());
  return events.reduce<ParsedEvent[]>((joined, event) => {
    const last = joined.at(-1);
    const goesOn = last !== undefined && 'text' in last && 'text' in event && last.type === event.type;
    if (goesOn) joined[joined.length - 1] = { ...last, text: last.text + event.text };
    else joined.push(event);
    return joined;
  }, []);
}

const callsIn = (events: readonly ParsedEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'tool_call.end' ? [event.name] : []));
const textOf = (events: readonly ParsedEvent[], type: 'message.delta' | 'reasoning.delta' = 'message.delta'): string =>
  events.flatMap((event) => (event.type === type ? [event.text] : [])).join('');

const withCalls = Object.entries(NATIVE_TURNS).filter(([, { call }]) => call !== undefined);
const withoutChannels = withCalls.filter(([name]) => of(name).chosen.format.syntax.channels === undefined);

describe('a turn', () => {
  it.each(Object.entries(NATIVE_TURNS))('of %s is read the same in pieces of any length', (name, turn) => {
    for (const text of [turn.call, turn.two, turn.thought]) {
      if (text === undefined) continue;
      const whole = read(name, text, { length: text.length });
      for (const length of [1, 2, 7, 23]) expect(read(name, text, { length })).toEqual(whole);
    }
  });

  it.each(withCalls)('of %s keeps what is said in front of a call', (name, { call = '' }) => {
    const { syntax } = of(name).chosen.format;
    const bare = syntax.channels !== undefined || syntax.calls.open[0] === '';
    const events = read(name, bare ? call : `One moment.\n${call}`);
    expect(callsIn(events)).toEqual(['get_weather']);
    expect(textOf(events)).toBe(bare ? '' : 'One moment.');
  });

  it.each(withoutChannels)(
    'of %s with a call in a thought that was never closed has the call',
    (name, { call = '' }) => {
      const { reasoning, calls } = of(name).chosen.format.syntax;
      if (calls.open[0] === '') return;
      const events = read(name, `${reasoning.open}Hm, the weather. ${call}`);
      expect(callsIn(events)).toEqual(['get_weather']);
      expect(textOf(events, 'reasoning.delta').trim()).toBe('Hm, the weather.');
    },
  );

  it.each(withoutChannels)(
    'of %s with a call in a thought that was closed has only thought about it',
    (name, { call = '' }) => {
      const { reasoning, calls } = of(name).chosen.format.syntax;
      if (calls.open[0] === '') return;
      const events = read(name, `${reasoning.open}I could: ${call}${reasoning.close}No.`);
      expect(events.filter(({ type }) => type.startsWith('toolCall'))).toEqual([]);
      expect(textOf(events, 'reasoning.delta')).toContain('get_weather');
    },
  );

  it.each(withCalls)('of %s that is cut off in a call has an invalid one, or none', (name, { call = '' }) => {
    const cut = call.slice(0, call.indexOf('Paris') + 3);
    const events = read(name, cut);
    expect(callsIn(events)).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: 'tool_call.invalid', reason: 'The call was cut off.' });
  });

  it.each(withCalls)('of %s has no calls when its model was shown no tools', (name, { call = '' }) => {
    expect(read(name, call, { tools: [] }).filter(({ type }) => type.startsWith('toolCall'))).toEqual([]);
  });
});

describe('a marker that the vocabulary has a token for', () => {
  const tagged = withoutChannels.filter(([name]) => /[>\]]/.test(of(name).chosen.format.syntax.calls.open[0] ?? ''));

  it.each(tagged)('is text in %s when it came as other tokens', (name, { call = '' }) => {
    const { open } = of(name).chosen.format.syntax.calls;
    const tags = open.flatMap((text) => text.match(/\]?<[^<>]+>(?:\[<[^<>]+>)?|\[[A-Z_]+\]/g) ?? []);
    const specials = new SpecialTexts(tags);
    expect(callsIn(read(name, markTokens(call, specials), { specials }))).toEqual(['get_weather']);
    const spelled = read(name, call, { specials });
    expect(callsIn(spelled)).toEqual([]);
    expect(textOf(spelled)).toContain('get_weather');
  });

  it('is never part of what comes out', () => {
    for (const [name, { call = '', thought = '' }] of withCalls) {
      const specials = new SpecialTexts((call + thought).match(/<[^<>]+>/g) ?? []);
      expect(JSON.stringify(read(name, markTokens(call + thought, specials), { specials }))).not.toContain(TOKEN_MARK);
    }
  });
});

describe('gpt-oss', () => {
  const name = 'openai-gpt-oss-120b';
  it.each([
    [
      'the recipient behind the channel',
      '<|channel|>commentary to=functions.get_time <|constrain|>json<|message|>{"zone": "UTC"}<|call|>',
    ],
    ['the recipient in the role', ' to=functions.get_time<|channel|>commentary json<|message|>{"zone": "UTC"}'],
    ['a call in the analysis', '<|channel|>analysis to=functions.get_time<|message|>{"zone": "UTC"}'],
  ])('calls with %s', (_what, text) => {
    expect(callsIn(read(name, text))).toEqual(['get_time']);
  });

  it('says something, thinks again and calls', () => {
    const events = read(
      name,
      '<|channel|>analysis<|message|>One<|end|><|start|>assistant<|channel|>commentary<|message|>I look.<|end|><|start|>assistant<|channel|>analysis<|message|>Two<|end|><|start|>assistant to=functions.get_time<|channel|>commentary json<|message|>{}<|call|>',
    );
    expect(textOf(events, 'reasoning.delta')).toBe('OneTwo');
    expect(textOf(events)).toBe('I look.');
    expect(callsIn(events)).toEqual(['get_time']);
  });
});

describe('muse', () => {
  it('may show how a call is written', () => {
    const { call = '' } = NATIVE_TURNS['muse-glimmer'] ?? {};
    const markup = call.slice(call.indexOf('<atem'));
    const events = read('muse-glimmer', ` to=user<|message|>Like this:\n${markup}`);
    expect(callsIn(events)).toEqual([]);
    expect(textOf(events)).toBe(`Like this:\n${markup}`);
  });
});

describe('a call without a marker', () => {
  const name = 'meta-llama-Llama-3.1-8B-Instruct';
  it.each([
    ['an object with a name that is no tool’s', '{"name": "Ada", "parameters": {"age": 36}}'],
    ['another object', '{"answer": 42}'],
    ['an object behind text', 'Here: {"name": "get_time", "parameters": {}}'],
    ['half an object', '{"na'],
  ])('is not %s', (_what, text) => {
    expect(read(name, text)).toEqual([{ type: 'message.delta', text }]);
  });

  it('may be wrapped as it was shown', () => {
    const text = '{"type": "function", "function": {"name": "get_time", "parameters": {"zone": "UTC"}}}';
    expect(callsIn(read(name, text))).toEqual(['get_time']);
  });
});

describe('calls without the marker around all of them', () => {
  const inner = withoutChannels.filter(([name]) => /^\W*[<[]/.test(of(name).chosen.format.syntax.calls.callOpen));

  it.each(inner)('of %s are calls, for tools that there are', (name, { call = '' }) => {
    const open = of(name).chosen.format.syntax.calls.open[0] ?? '';
    const rest = call.trimStart().slice(open.length).trimStart();
    expect(callsIn(read(name, `One moment. ${rest}`))).toEqual(['get_weather']);
    const other = rest.replaceAll('get_weather', 'get_nothing');
    expect(read(name, other).filter(({ type }) => type.startsWith('toolCall'))).toEqual([]);
  });

  it('are text when they are only mentioned', () => {
    const text = 'Write <function=name> and <function=get_weather or so.';
    expect(read('Qwen3-Coder', text)).toEqual([{ type: 'message.delta', text }]);
  });
});

describe('values between tags', () => {
  const tools = [
    {
      name: 'write',
      parameters: {
        type: 'object',
        properties: {
          text: { type: 'string' },
          count: { type: 'number' },
          flag: { type: 'boolean' },
          list: { type: 'array' },
          maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        },
      },
    },
  ];
  const write = (values: Record<string, string>): string =>
    `<tool_call>\n<function=write>\n${Object.entries(values)
      .map(([key, value]) => `<parameter=${key}>\n${value}\n</parameter>\n`)
      .join('')}</function>\n</tool_call>`;

  it.each([
    ['a text that looks like a number', { text: '007' }, { text: '007' }],
    ['a text with lines and tags', { text: '  <b>\n\n</b>\n' }, { text: '  <b>\n\n</b>\n' }],
    [
      'numbers, flags and lists',
      { count: '1.5', flag: 'True', list: '[1, "a"]' },
      { count: 1.5, flag: true, list: [1, 'a'] },
    ],
    ['nothing, where that is allowed', { maybe: 'null' }, { maybe: null }],
    ['what the schema does not know', { other: '{"a": 1}', more: 'plain' }, { other: { a: 1 }, more: 'plain' }],
    ['a name that objects have', { __proto__x: 'a', constructor: 'b' }, { __proto__x: 'a', constructor: 'b' }],
  ])('are read: %s', (_what, values, expected) => {
    const [end] = read('Qwen3-Coder', write(values), { tools }).filter(({ type }) => type === 'tool_call.end');
    expect(end).toMatchObject({ name: 'write' });
    expect(end && 'arguments' in end && end.arguments).toEqual(expected);
  });

  it('may be none', () => {
    const events = read('Qwen3-Coder', '<tool_call>\n<function=write>\n</function>\n</tool_call>', { tools });
    expect(events).toContainEqual({ type: 'tool_call.end', index: 0, name: 'write', arguments: {} });
    expect(events).toContainEqual({ type: 'tool_call.delta', index: 0, text: '{}' });
  });
});

describe('calls in Python', () => {
  const call = (text: string): ParsedEvent[] => read('LFM2-8B-A1B', `<|tool_call_start|>${text}<|tool_call_end|>`);
  it.each([
    ['literals of Python', "[f(a=True, b=None, c=-1.5e-3, d='x')]", { a: true, b: null, c: -0.0015, d: 'x' }],
    ['literals of JSON', '[f(a=true, b=null, c={"d": [1, "e"]})]', { a: true, b: null, c: { d: [1, 'e'] } }],
    ['escapes and brackets in texts', String.raw`[f(a="x\n\"y\" ]) \u00e9", b='[(')]`, { a: 'x\n"y" ]) é', b: '[(' }],
    ['one without a list', 'f(a=1)', { a: 1 }],
  ])('may have %s', (_what, text, expected) => {
    expect(call(text)).toContainEqual({ type: 'tool_call.end', index: 0, name: 'f', arguments: expected });
  });

  it.each(['[see](link)', '[1, 2]', 'import os'])('are not %s', (text) => {
    expect(callsIn(call(text))).toEqual([]);
  });
});
