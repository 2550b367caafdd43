import { ANY } from './pattern.ts';
import type { CallBody, CallSyntax, ChannelSyntax, Enclosure, TurnSyntax } from './turn-syntax.ts';

/** A text in a template's source that identifies a model family whose syntax probes cannot show. */
interface KnownSyntax {
  readonly sign: string;
  readonly syntax: Partial<TurnSyntax>;
}

export const JSON_BODY: CallBody = { kind: 'json', name: 'name', arguments: 'arguments', nameIsKey: false };

const calls = (open: readonly string[], close: string, body: CallBody, more: Partial<CallSyntax> = {}): CallSyntax => ({
  open,
  close,
  list: false,
  callOpen: '',
  callClose: '',
  body,
  endsTurn: false,
  ...more,
});

const python = calls(['<|tool_call_start|>'], '<|tool_call_end|>', { kind: 'python' }, { list: true });

const thought = (open: string, close: string): Partial<TurnSyntax> => ({ reasoning: { open, close } });

const harmony: ChannelSyntax = {
  start: '<|start|>assistant',
  headerEnd: '<|message|>',
  ends: ['<|end|>', '<|call|>', '<|return|>'],
  call: 'to=functions\\.(?<name>[^\\s<]+)',
  reasoning: '<\\|channel\\|>analysis|^\\s*analysis',
  callHeader: ` to=functions.${ANY}<|channel|>commentary json`,
  answerHeader: '<|channel|>final',
};

const muse: ChannelSyntax = {
  start: '<|start|>assistant',
  headerEnd: '<|message|>',
  ends: ['<|eom|>', '<|eot|>'],
  call: 'to=(?!self$|user$)(?<name>\\S+)',
  reasoning: 'to=self',
  callHeader: ` to=${ANY}`,
  answerHeader: ' to=user',
};

const recipients: ChannelSyntax = {
  start: '>>>',
  headerEnd: '\n',
  ends: [],
  call: '^(?!all$)(?<name>\\S+)$',
  reasoning: '^$.',
  callHeader: ANY,
  answerHeader: 'all',
};

/** Syntaxes that probes cannot find: templates that leave calls or thoughts out of the history, or have channels. */
export const KNOWN_SYNTAXES: readonly KnownSyntax[] = [
  {
    sign: '<|channel|>analysis<|message|>',
    syntax: {
      channels: harmony,
      calls: calls([' to=functions.'], '', { kind: 'named', nameEnd: `${ANY}<|message|>` }),
    },
  },
  {
    sign: 'assistant to=self',
    syntax: {
      channels: muse,
      calls: calls(
        ['<atem:function_calls>'],
        '</atem:function_calls>',
        {
          kind: 'tags',
          nameEnd: '">',
          keyOpen: '<atem:parameter name="',
          keyClose: '">',
          valueClose: '</atem:parameter>',
          onLines: false,
        },
        { callOpen: '<atem:invoke name="', callClose: '</atem:invoke>' },
      ),
    },
  },
  {
    sign: 'input to:recipient==all',
    syntax: { channels: recipients, calls: calls([''], '', { kind: 'named', nameEnd: '\n' }) },
  },
  { sign: 'List of tools: ', syntax: { calls: python } },
  {
    sign: '<|tool_call|> followed by a JSON list',
    syntax: {
      calls: calls(['<|tool_call|>'], '', JSON_BODY, { list: true }),
      content: { open: '<response>', close: '</response>' },
    },
  },
  {
    sign: '[BEGIN FINAL RESPONSE]',
    syntax: {
      ...thought('Here are my reasoning steps:', '[BEGIN FINAL RESPONSE]'),
      content: { open: '[BEGIN FINAL RESPONSE]', close: '[END FINAL RESPONSE]' },
    },
  },
  { sign: '<|begin|>assistant<|think|>', syntax: { glue: '<|begin|>assistant' } },
  { sign: '<|inner_prefix|>', syntax: thought('<|inner_prefix|>', '<|inner_suffix|>') },
  { sign: '[THINK]', syntax: thought('[THINK]', '[/THINK]') },
];

/** The markers of a thought when no others are known. */
export const THINK: Enclosure = { open: '<think>', close: '</think>' };

/** The syntax that Hermes introduced. Many models know it even if their templates do not use it. */
export const CALL_TAGS: CallSyntax = calls(['<tool_call>'], '</tool_call>', JSON_BODY);

/** For models without a call syntax: the tools are explained in words, together with this syntax. */
export const EXPLAINED_CALLS: CallSyntax = calls(['[TOOL_REQUEST]', '<tool_call>'], '[END_TOOL_REQUEST]', JSON_BODY, {
  endsTurn: true,
});

export function knownSyntaxOf(source: string): Partial<TurnSyntax> {
  return Object.assign({}, ...KNOWN_SYNTAXES.filter(({ sign }) => source.includes(sign)).map(({ syntax }) => syntax));
}
