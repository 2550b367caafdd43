import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutputParser } from '../../src/formats/output-parser.ts';
import { CALL_TAGS, THINK } from '../../src/formats/syntax/known-syntaxes.ts';
import type { ParsedEvent, TurnParserOptions } from '../../src/formats/turn-parser.ts';

const TOOL = { name: 'known', parameters: {} };
const OPTIONS: TurnParserOptions = { syntax: { reasoning: THINK, calls: CALL_TAGS }, opened: '', tools: [TOOL] };

/** The events for a text that comes in these pieces, with neighbouring pieces of the same block joined. */
function parse(pieces: readonly string[], options: Partial<TurnParserOptions> = {}): ParsedEvent[] {
  const parser = new OutputParser({ ...OPTIONS, ...options });
  const events = [...pieces.flatMap((piece) => parser.read(piece)), ...parser.end()];
  return events.reduce<ParsedEvent[]>((joined, event) => {
    const last = joined.at(-1);
    if (last !== undefined && 'text' in last && 'text' in event && last.type === event.type) {
      joined[joined.length - 1] = { ...last, text: last.text + event.text };
    } else joined.push(event);
    return joined;
  }, []);
}

function call(index: number, name: string, text: string): ParsedEvent[] {
  return [
    { type: 'tool_call.start', index, name },
    { type: 'tool_call.delta', index, text },
    { type: 'tool_call.end', index, name, arguments: JSON.parse(text) },
  ];
}

const message = (text: string): ParsedEvent => ({ type: 'message.delta', text });
const reasoning = (text: string): ParsedEvent => ({ type: 'reasoning.delta', text });

describe('text', () => {
  it('is passed on at once', () => {
    const parser = new OutputParser(OPTIONS);
    expect(parser.read('Hello')).toEqual([message('Hello')]);
    expect(parser.read(' world.')).toEqual([message(' world.')]);
  });

  it('is held back only while it may become a marker', () => {
    const parser = new OutputParser(OPTIONS);
    expect(parser.read('a <')).toEqual([message('a')]);
    expect(parser.read('tool_c')).toEqual([]);
    expect(parser.read('ar>')).toEqual([message(' <tool_car>')]);
  });

  it('keeps its space at both ends', () => {
    expect(parse(['  indented\n'])).toEqual([message('  indented\n')]);
  });

  it('may mention the marker', () => {
    expect(parse(['Write <tool_call> and then the call.'])).toEqual([message('Write <tool_call> and then the call.')]);
  });

  it('may hold whole calls when the model was shown no tools', () => {
    const text = '<tool_call>{"name": "a"}</tool_call>';
    const parser = new OutputParser({ ...OPTIONS, tools: [] });
    expect([...parser.read(text), ...parser.end()]).toEqual([message(text)]);
  });
});

describe('reasoning', () => {
  it('is told from the answer, without the space around either', () => {
    expect(parse(['<think>\nHm.\n</think>\n\nYes.'])).toEqual([reasoning('Hm.'), message('Yes.')]);
  });

  it('may have been opened by the prompt', () => {
    expect(parse(['Hm.</think>Yes.'], { opened: '<think>\n' })).toEqual([reasoning('Hm.'), message('Yes.')]);
  });

  it('may be empty', () => {
    expect(parse(['<think>\n\n</think>\n\nYes.'])).toEqual([message('Yes.')]);
  });

  it('may never end', () => {
    expect(parse(['<think>Hm'])).toEqual([reasoning('Hm')]);
  });

  it('begins at the beginning only', () => {
    expect(parse(['The tag <think> opens it.'])).toEqual([message('The tag <think> opens it.')]);
  });

  it('may mention a tool call without making it', () => {
    expect(parse(['<think><tool_call>{"name": "a"}</tool_call></think>No.'])).toEqual([
      reasoning('<tool_call>{"name": "a"}</tool_call>'),
      message('No.'),
    ]);
  });
});

describe('a tool call', () => {
  it('comes as start, arguments and end', () => {
    expect(parse(['<tool_call>\n{"name": "get", "arguments": {"city": "Oslo"}}\n</tool_call>'])).toEqual(
      call(0, 'get', '{"city": "Oslo"}'),
    );
  });

  it('starts as soon as the name is known', () => {
    const parser = new OutputParser(OPTIONS);
    parser.read('<tool_call>{"name": "ge');
    expect(parser.read('t"')).toEqual([{ type: 'tool_call.start', index: 0, name: 'get' }]);
    expect(parser.read(', "arguments": {"ci')).toEqual([{ type: 'tool_call.delta', index: 0, text: '{"ci' }]);
  });

  it('may follow text, whose last space is dropped', () => {
    expect(parse(['Let me see.\n\n<tool_call>{"name": "a", "arguments": {}}</tool_call>'])).toEqual([
      message('Let me see.'),
      ...call(0, 'a', '{}'),
    ]);
  });

  it('may be followed by others and by text', () => {
    expect(
      parse([
        '<tool_call>{"name": "a", "arguments": {}}</tool_call>\n<tool_call>{"name": "b", "arguments": {"x": 1}}</tool_call>\nDone.',
      ]),
    ).toEqual([...call(0, 'a', '{}'), ...call(1, 'b', '{"x": 1}'), message('Done.')]);
  });

  it('may hold its own closing marker in a string', () => {
    const text = '{"text": "</tool_call> \\" }"}';
    expect(parse([`<tool_call>{"name": "say", "arguments": ${text}}</tool_call>`])).toEqual(call(0, 'say', text));
  });

  it('may give the arguments before the name', () => {
    expect(parse(['<tool_call>{"arguments": {"x": [1, {"name": "no"}]}, "name": "a"}</tool_call>'])).toEqual(
      call(0, 'a', '{"x": [1, {"name": "no"}]}'),
    );
  });

  it('has no arguments when it gives none', () => {
    expect(parse(['<tool_call>{"name": "a"}</tool_call>'])).toEqual([
      { type: 'tool_call.start', index: 0, name: 'a' },
      { type: 'tool_call.end', index: 0, name: 'a', arguments: {} },
    ]);
  });

  it('may lack its closing marker', () => {
    expect(parse(['<tool_call>{"name": "a", "arguments": {}}'])).toEqual(call(0, 'a', '{}'));
  });

  it('may have been opened by the prompt', () => {
    expect(parse(['\n{"name": "a", "arguments": {}}\n</tool_call>'], { opened: '<tool_call>' })).toEqual(
      call(0, 'a', '{}'),
    );
  });

  it('follows reasoning', () => {
    expect(parse(['<think>Hm.</think>\n<tool_call>{"name": "a", "arguments": {}}</tool_call>'])).toEqual([
      reasoning('Hm.'),
      ...call(0, 'a', '{}'),
    ]);
  });
});

describe('a call that can’t be understood', () => {
  it.each([
    ['is cut off', '<tool_call>{"name": "a", "argu', 'a'],
    ['is cut off at its marker', '<tool_call>', undefined],
    ['is not JSON', '<tool_call>{name: a}</tool_call>', undefined],
    ['has no name', '<tool_call>{"arguments": {}}</tool_call>', undefined],
    ['has a name that is no text', '<tool_call>{"name": 5, "arguments": {}}</tool_call>', undefined],
    ['has arguments that are no object', '<tool_call>{"name": "a", "arguments": [1]}</tool_call>', 'a'],
    ['names two tools', '<tool_call>{"name": "a", "name": "b", "arguments": {}}</tool_call>', 'a'],
    ['hides a second name in escapes', '<tool_call>{"name": "a", "n\\u0061me": "b", "arguments": {}}</tool_call>', 'a'],
    ['gives arguments twice', '<tool_call>{"name": "a", "arguments": {}, "arguments": {"x": 1}}</tool_call>', 'a'],
  ])('is invalid when it %s', (_reason, text, name) => {
    const last = parse([text]).at(-1);
    expect(last).toMatchObject({ type: 'tool_call.invalid', index: 0, reason: expect.any(String) });
    expect(last?.type === 'tool_call.invalid' && last.name).toBe(name);
  });

  it('is handed on with a bounded piece of what it was', () => {
    const last = parse([`<tool_call>{"name": "${'x'.repeat(10_000)}`]).at(-1);
    expect(last?.type === 'tool_call.invalid' && last.raw.length).toBe(4000);
  });
});

describe('pieces', () => {
  const fragments = fc.constantFrom(
    '<tool_call>',
    '</tool_call>',
    '<think>',
    '</think>',
    '{"name": "a", "arguments": {"x": "y"}}',
    '{"name": "b"',
    '"arguments": ',
    '{',
    '}',
    '"',
    '\\',
    ', ',
    '\n',
    ' ',
    '<tool',
    'text',
    'é😀',
  );

  it('make no difference, wherever the text is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fragments, { maxLength: 12 }),
        fc.array(fc.nat({ max: 80 }), { maxLength: 20 }),
        fc.boolean(),
        (parts, cuts, reasoningOpen) => {
          const text = parts.join('');
          const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
          const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
          const opened = reasoningOpen ? '<think>\n' : '';
          expect(parse(pieces, { opened })).toEqual(parse([text], { opened }));
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('lose no text when there is no markup', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (pieces) => {
        const text = pieces.join('');
        fc.pre(!text.includes('<think>') && !text.includes('<tool_call>'));
        expect(parse(pieces)).toEqual(text === '' ? [] : [message(text)]);
      }),
    );
  });
});

describe('the place in the turn', () => {
  it('changes with the markers and is untouched until text comes', () => {
    const parser = new OutputParser(OPTIONS);
    expect(parser).toMatchObject({ place: 'answer', untouched: true, stretch: 0 });
    parser.read('<think>');
    expect(parser).toMatchObject({ place: 'reasoning', stretch: 1 });
    parser.read('Hm.</think>\n');
    expect(parser).toMatchObject({ place: 'answer', untouched: true, stretch: 2 });
    parser.read('Well. <tool_call>\n');
    expect(parser).toMatchObject({ place: 'call', untouched: true, stretch: 3 });
    parser.read('{"name": "a"}');
    expect(parser).toMatchObject({ place: 'call', untouched: false, stretch: 3 });
    parser.read('</tool_call>');
    expect(parser).toMatchObject({ place: 'answer', untouched: true, stretch: 4, callCount: 1 });
  });
});
