import type { ChatMessage, ToolDefinition } from '@latchkey/engine';
import { type ChosenFormat, chooseFormat } from '../../src/formats/choose-format.ts';
import { createTurnParser } from '../../src/formats/create-turn-parser.ts';
import { writePrompt } from '../../src/formats/prompt-text.ts';
import { SpecialTexts } from '../../src/formats/special-texts.ts';
import { markAll, markTokens } from '../../src/formats/syntax/token-marks.ts';
import type { ParsedEvent } from '../../src/formats/turn-parser.ts';
import type { NativeTurn } from './native-turns.ts';

export const TOOLS: readonly ToolDefinition[] = [
  {
    name: 'get_weather',
    description: 'The weather.',
    parameters: {
      type: 'object',
      properties: {
        city: { type: 'string', description: 'Where.' },
        days: { type: 'integer', description: 'How long.' },
      },
      required: ['city'],
    },
  },
  {
    name: 'get_time',
    description: 'The time.',
    parameters: { type: 'object', properties: { zone: { type: 'string', description: 'Where.' } } },
  },
];

const user = (text: string): ChatMessage => ({ role: 'user', content: [{ type: 'text', text }] });
const said = (text: string): ChatMessage => ({ role: 'assistant', content: [{ type: 'text', text }] });
const WEATHER = { id: 'abcdefgh1', name: 'get_weather', arguments: { city: 'Parisville', days: 2 } };
const TIME = { id: 'abcdefgh2', name: 'get_time', arguments: { zone: 'Zuluzone' } };
const calling = (...toolCalls: (typeof WEATHER | typeof TIME)[]): ChatMessage => ({
  role: 'assistant',
  content: [
    { type: 'text', text: 'Looking it up' },
    ...toolCalls.map((call) => ({ type: 'tool_call' as const, ...call })),
  ],
});
const result = ({ id, name }: typeof WEATHER | typeof TIME, content: string): ChatMessage => ({
  role: 'tool',
  toolCallId: id,
  name,
  content: [{ type: 'text', text: content }],
});

/** What a template and a hand-written turn of its model give. */
export interface TemplateJudgement {
  readonly plain: boolean;
  readonly tools: boolean;
  readonly ownTools: boolean;
  readonly round: boolean;
  readonly two: boolean;
  /** Undefined: the family has none. */
  readonly call: boolean | undefined;
  readonly twoCalls: boolean | undefined;
  readonly thought: boolean | undefined;
  readonly laterSystem: boolean;
  readonly reasoning: string;
}

export class JudgedTemplate {
  readonly chosen: ChosenFormat;
  readonly #specials: SpecialTexts;

  constructor(source: string) {
    this.chosen = chooseFormat({ template: source, bos: '<s>', eos: '</s>', hasChatMl: true });
    this.#specials = new SpecialTexts(source.match(/<[|｜]?[\w▁:/|｜]+[|｜]?>|\[\/?[A-Z_]+\]/g) ?? []);
  }

  prompt(messages: readonly ChatMessage[], tools: readonly ToolDefinition[] = []): string {
    try {
      return writePrompt(this.chosen, this.#specials, { messages, tools, toolChoice: 'auto' })
        .pieces.map(({ text }) => text)
        .join('');
    } catch {
      return '';
    }
  }

  /** Whether all these texts are in the prompt, in this order. */
  shows(texts: readonly string[], messages: readonly ChatMessage[], tools: readonly ToolDefinition[] = []): boolean {
    const prompt = this.prompt(messages, tools);
    let at = 0;
    for (const text of texts) {
      at = prompt.indexOf(text, at);
      if (at < 0) return false;
      at += text.length;
    }
    return true;
  }

  /** What comes of a turn in pieces of three characters, whether the vocabulary has tokens for the markers or not. */
  read(turn: string, asTokens: boolean, tools = TOOLS): ParsedEvent[] {
    const specials = asTokens ? this.#specials : new SpecialTexts([]);
    const { syntax } = this.chosen.format;
    const { opened } = writePrompt(this.chosen, specials, { messages: [user('Hi')], tools, toolChoice: 'auto' });
    const plain = opened.replaceAll('\ufdd0', '').trim();
    const written =
      plain !== '' && turn.trimStart().startsWith(plain)
        ? turn.trimStart().slice(plain.length)
        : this.#after(plain, turn);
    const parser = createTurnParser({ syntax: markAll(syntax, specials), opened, tools });
    const text = markTokens(written, specials);
    const events: ParsedEvent[] = [];
    for (let at = 0; at < text.length; at += 3) events.push(...parser.read(text.slice(at, at + 3)));
    return [...events, ...parser.end()];
  }

  /** A turn that calls at once closes the thought that its prompt has opened. */
  #after(opened: string, turn: string): string {
    const { open, close } = this.chosen.format.syntax.reasoning;
    if (!opened.endsWith(open.trim())) return turn.replace(this.chosen.format.syntax.channels?.start ?? '', '');
    return `Hm.${close}${turn}`;
  }
}

export function judge(template: JudgedTemplate, { call, two, thought }: NativeTurn): TemplateJudgement {
  const { traits } = template.chosen;
  const asked = user('Question one');
  const both = [calling(WEATHER, TIME), result(WEATHER, 'Sunny result'), result(TIME, 'Noon result')];
  return {
    plain: template.shows(['Question one'], [asked]),
    tools: template.shows(['get_weather'], [asked], TOOLS) && template.shows(['Question one'], [asked], TOOLS),
    ownTools: traits.showsTools,
    round: template.shows(
      ['Question one', 'get_weather', 'Parisville', 'Sunny result'],
      [asked, calling(WEATHER), result(WEATHER, 'Sunny result')],
      TOOLS,
    ),
    two:
      template.shows(['Question one', 'Parisville', 'Sunny result'], [asked, ...both], TOOLS) &&
      template.shows(['Question one', 'Zuluzone', 'Noon result'], [asked, ...both], TOOLS),
    call: call === undefined ? undefined : makes(template, call, [WEATHER_CALL]),
    twoCalls: two === undefined ? undefined : makes(template, two, [WEATHER_CALL, TIME_CALL]),
    thought: thought === undefined ? undefined : thinks(template, thought),
    // Where the first one stands is up to the template: some put it into the last message.
    laterSystem:
      template.shows(['Question one', 'Answer one', 'Second rule', 'Question two'], RULED) &&
      template.shows(['First rule'], RULED),
    reasoning:
      traits.reasoning === undefined
        ? ''
        : `${traits.reasoning.allowedOptions.join('/')} (${traits.reasoning.default})`,
  };
}

const RULED: readonly ChatMessage[] = [
  { role: 'system', content: 'First rule' },
  user('Question one'),
  said('Answer one'),
  { role: 'system', content: 'Second rule' },
  user('Question two'),
];
const WEATHER_CALL = { name: 'get_weather', arguments: { city: 'Paris', days: 2 } };
const TIME_CALL = { name: 'get_time', arguments: { zone: 'UTC' } };

/** The calls, their streamed text the same, and no other text. */
function makes(template: JudgedTemplate, turn: string, calls: readonly { name: string; arguments: object }[]): boolean {
  return [true, false].every((asTokens) => {
    const events = template.read(turn, asTokens);
    const ends = events.flatMap((event) => (event.type === 'tool_call.end' ? [event] : []));
    const same = ends.map(({ name, arguments: given }) => ({ name, arguments: given }));
    const streamed = ends.every(({ index, arguments: given }) => {
      const text = events
        .map((event) => (event.type === 'tool_call.delta' && event.index === index ? event.text : ''))
        .join('');
      return JSON.stringify(JSON.parse(text)) === JSON.stringify(given);
    });
    const noise =
      textOf(events, 'message.delta').trim() !== '' || events.some(({ type }) => type === 'tool_call.invalid');
    return streamed && !noise && JSON.stringify(same) === JSON.stringify(calls);
  });
}

function thinks(template: JudgedTemplate, turn: string): boolean {
  return [true, false].every((asTokens) => {
    const events = template.read(turn, asTokens);
    return (
      textOf(events, 'reasoning.delta').trim() === 'Let me think' &&
      textOf(events, 'message.delta').trim() === 'It rains'
    );
  });
}

function textOf(events: readonly ParsedEvent[], type: 'message.delta' | 'reasoning.delta'): string {
  return events.map((event) => (event.type === type ? event.text : '')).join('');
}
