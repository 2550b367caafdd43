import type { ToolDefinition } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import { ANY } from '../formats/syntax/pattern.ts';
import type { TurnSyntax } from '../formats/syntax/turn-syntax.ts';
import { callsRule } from './call-rules.ts';
import { GrammarRules, GrammarTooLarge } from './grammar-rules.ts';
import { literal } from './json-rules.ts';
import type { JsonSchema } from './merge-schemas.ts';
import { addPossible, addSchemaOrType, RULE_LIMIT } from './schema-to-grammar.ts';
import { textUntil } from './text-until.ts';

/** The grammars of one turn, by place; where one is absent the text is not constrained. */
export interface TurnGrammarTexts {
  /** At the beginning, where a block of reasoning may open. */
  readonly beginning?: string;
  /** In reasoning, which has to end because a required part follows. */
  readonly reasoning?: string;
  /** The answer after reasoning. */
  readonly answer?: string;
  /** After a call's opening marker. */
  readonly call?: string;
  /** After a call. */
  readonly afterCall?: string;
  /** Whether the grammar of the beginning or the answer applies until the turn's end, since calls have no marker. */
  readonly throughout?: boolean;
}

/** The input of a turn's grammars. */
export interface TurnForm {
  /** The tools that the model is shown. */
  readonly tools: readonly ToolDefinition[];
  readonly syntax: TurnSyntax;
  readonly mustCall: boolean;
  /** Whether the prompt ends inside a block of reasoning. */
  readonly reasoningOpen: boolean;
  readonly mayReason: boolean;
  readonly responseSchema?: JsonSchema;
  /** A schema that the grammar does not hold is refused. */
  readonly isStrict?: true;
}

/**
 * Writes the grammars of a turn. Throws EngineError `INVALID_REQUEST` when the answer's schema is too large, allows no
 * value, or must be kept and cannot be.
 */
export function turnGrammars(form: TurnForm): TurnGrammarTexts {
  const { tools, syntax, mustCall, responseSchema } = form;
  if (mustCall && !hasMarker(syntax)) return callsThroughout(form);
  const free = responseSchema === undefined && !mustCall;
  const shown = tools.length > 0;
  const answer = (reasoning: boolean): string =>
    answerGrammar({
      ...(mustCall || responseSchema === undefined ? {} : { schema: responseSchema }),
      ...(form.isStrict === undefined ? {} : { isStrict: form.isStrict }),
      ...(shown && hasMarker(syntax) ? { calls: syntax.calls.open } : {}),
      ...(reasoning ? { reasoning: syntax.reasoning.open } : {}),
      before: answerHeader(syntax),
    });
  // Calls that are not JSON are constrained only where a call is required: there, the model cannot invent a tool.
  const held = shown && hasMarker(syntax) && (mustCall || syntax.calls.body.kind === 'json');
  return {
    ...(free ? {} : { beginning: answer(form.mayReason), answer: answer(false), reasoning: reasoningGrammar(syntax) }),
    ...(held ? { call: callGrammar(tools, syntax, mustCall) } : {}),
    ...(!shown || !hasMarker(syntax) || (free && !syntax.calls.endsTurn)
      ? {}
      : { afterCall: afterCallGrammar(syntax) }),
  };
}

/** Whether a call begins with a marker, at which its grammar can start. */
function hasMarker({ calls, channels }: TurnSyntax): boolean {
  return channels === undefined && (calls.open[0] ?? '') !== '';
}

/** The text that is written to make a model call a tool. */
export function forcedOpening(syntax: TurnSyntax): string {
  return hasMarker(syntax) ? (syntax.calls.open[0] ?? '') : '';
}

function callsThroughout({ tools, syntax }: TurnForm): TurnGrammarTexts {
  const rules = new GrammarRules(RULE_LIMIT);
  const root =
    syntax.channels === undefined ? callsRule(rules, syntax.calls, tools, true) : channelCall(rules, syntax, tools);
  const text = rules.toText(root);
  return { beginning: text, answer: text, reasoning: reasoningGrammar(syntax), throughout: true };
}

/** The rule of a call in channels: the header names the tool, and the message is its arguments. */
function channelCall(rules: GrammarRules, { calls, channels }: TurnSyntax, tools: readonly ToolDefinition[]): string {
  if (channels === undefined) return '""';
  const [before = '', after = ''] = channels.callHeader.split(ANY);
  const alternatives = tools.map((tool) => {
    const header = literal(`${before}${tool.name}${after}${channels.headerEnd}`);
    if (calls.body.kind === 'named') return `${header} ${addSchemaOrType(rules, tool.parameters)}`;
    return `${header} ${literal(calls.open[0] ?? '')} ${callsRule(rules, calls, [tool], true)}`;
  });
  return alternatives.join(' | ');
}

function answerHeader({ channels, content }: TurnSyntax): string {
  return channels === undefined ? (content?.open ?? '') : channels.answerHeader + channels.headerEnd;
}

/** The grammar of a thought up to its end; after it, other grammars apply. */
function reasoningGrammar({ reasoning, channels }: TurnSyntax): string {
  const rules = new GrammarRules(RULE_LIMIT);
  const end = textUntil(rules, channels?.ends[0] ?? reasoning.close);
  return rules.toText(channels === undefined ? end : `${end} ${literal(channels.start)}`);
}

/** A grammar for the text after a call's opening marker. */
export function callGrammar(
  tools: readonly ToolDefinition[],
  { calls }: Pick<TurnSyntax, 'calls'>,
  onlyKnown: boolean,
): string {
  const rules = new GrammarRules(RULE_LIMIT);
  const root = callsRule(rules, calls, tools, onlyKnown);
  return rules.toText(root);
}

/** The allowed forms of an answer. */
export interface AnswerForm {
  /** The schema of the answer's text. Absent: no text is allowed, only calls. */
  readonly schema?: JsonSchema;
  /** A schema that the grammar does not hold is refused. */
  readonly isStrict?: true;
  /** The markers that open a tool call, which is allowed instead of text. */
  readonly calls?: readonly string[];
  /** The marker that opens a block of reasoning, which may come first and is not constrained. */
  readonly reasoning?: string;
  /** A text that may precede the answer. */
  readonly before?: string;
}

/**
 * A grammar for the beginning of an answer; after a marker, other grammars apply.
 * Throws EngineError `INVALID_REQUEST` for a schema that is too large to be enforced.
 */
export function answerGrammar({ schema, isStrict, calls = [], reasoning, before = '' }: AnswerForm): string {
  const rules = new GrammarRules(RULE_LIMIT);
  const forms = [
    ...(reasoning === undefined ? [] : [literal(reasoning)]),
    ...calls.filter((open) => open !== '').map(literal),
    ...(schema === undefined
      ? []
      : [`${before === '' ? '' : `${literal(before)}? space `}${answerRule(rules, schema, isStrict)}`]),
  ];
  return rules.toText(`space (${forms.join(' | ')})`);
}

function answerRule(rules: GrammarRules, schema: JsonSchema, isStrict: true | undefined): string {
  const refusal = (message: string, cause?: unknown): EngineError =>
    new EngineError('INVALID_REQUEST', message, { field: 'responseSchema', cause });
  let rule: string | undefined;
  try {
    rule = addPossible(rules, schema);
  } catch (error) {
    if (!(error instanceof GrammarTooLarge)) throw error;
    throw refusal(`The schema of the answer is too large: ${error.message}.`, error);
  }
  if (rule === undefined) throw refusal('No value follows the schema of the answer.');
  const [keyword] = rules.unkept;
  if (!isStrict || keyword === undefined) return rule;
  throw refusal(
    `The keyword '${keyword}' of the schema of the answer cannot be kept as it is used there, and the schema is strict. ` +
      'Leave it out, or leave strict out.',
  );
}

/** A grammar for the text after a call when the turn has to end with calls: another call, or nothing. */
export function afterCallGrammar({ calls }: Pick<TurnSyntax, 'calls'>): string {
  return new GrammarRules(RULE_LIMIT).toText(`(space ${literal(calls.open[0] ?? '')})?`);
}
