import type { ToolDefinition } from '@latchkey/engine';
import { EngineError } from '@latchkey/engine';
import type { CallSyntax } from '../formats/chat-format.ts';
import { GrammarRules, GrammarTooLarge } from './grammar-rules.ts';
import { jsonLiteral, literal } from './json-rules.ts';
import type { JsonSchema } from './merge-schemas.ts';
import { addSchema, addSchemaOrType, RULE_LIMIT } from './schema-to-grammar.ts';
import { stringsExcept } from './strings-except.ts';

/** The grammars of one turn, each for a place in it; where one is absent the model is free. */
export interface TurnGrammarTexts {
  /** The very beginning, where a block of reasoning may open. */
  readonly beginning?: string;
  /** The answer after reasoning. */
  readonly answer?: string;
  /** After a call's opening marker. */
  readonly call?: string;
  /** After a call. */
  readonly afterCall?: string;
}

/** What the grammars of a turn depend on. */
export interface TurnForm {
  /** Those that the model is shown. */
  readonly tools: readonly ToolDefinition[];
  readonly calls: CallSyntax;
  readonly mustCall: boolean;
  readonly mayReason: boolean;
  readonly responseSchema?: JsonSchema;
}

/** Writes them. Throws EngineError `INVALID_REQUEST` for a schema of the answer that is too large. */
export function turnGrammars({ tools, calls, mustCall, mayReason, responseSchema }: TurnForm): TurnGrammarTexts {
  const free = responseSchema === undefined && !mustCall;
  const answer = (reasoning: boolean): string =>
    answerGrammar({
      ...(mustCall || responseSchema === undefined ? {} : { schema: responseSchema }),
      ...(tools.length === 0 ? {} : { calls }),
      reasoning,
    });
  return {
    ...(free ? {} : { beginning: answer(mayReason), answer: answer(false) }),
    ...(tools.length === 0 ? {} : { call: callGrammar(tools, calls, mustCall) }),
    ...(tools.length === 0 || (free && !calls.endsTurn) ? {} : { afterCall: afterCallGrammar(calls) }),
  };
}

/** How a model opens a block of reasoning. */
const REASONING_OPEN = '<think>';

/**
 * A grammar for what follows a call's opening marker: one of the tools with arguments that follow its schema.
 *
 * Unless `onlyKnown`, a name that belongs to no tool gets any arguments. Without that, a model that makes a tool up
 * would be bent into calling another one; so its call comes out as it is, and is refused for what it is.
 */
export function callGrammar(tools: readonly ToolDefinition[], calls: CallSyntax, onlyKnown: boolean): string {
  const rules = new GrammarRules(RULE_LIMIT);
  const known = tools.map((tool) => callOf(jsonLiteral(tool.name), addSchemaOrType(rules, tool.parameters)));
  const unknown = onlyKnown
    ? []
    : [
        callOf(
          rules.attempt(
            () =>
              stringsExcept(
                rules,
                tools.map((tool) => tool.name),
              ),
            () => 'string',
          ),
          'object',
        ),
      ];
  const call = [...known, ...unknown].join(' | ');
  return rules.toText(`space "{" space "\\"name\\"" space ":" space (${call}) space "}" space ${literal(calls.close)}`);
}

function callOf(name: string, callArguments: string): string {
  return `${name} space "," space "\\"arguments\\"" space ":" space ${callArguments}`;
}

/** What an answer may consist of. */
export interface AnswerForm {
  /** The answer's text follows this. Absent: there is no text, only calls. */
  readonly schema?: JsonSchema;
  /** The answer may be a tool call instead. */
  readonly calls?: CallSyntax;
  /** The answer may begin with reasoning, which no grammar holds. */
  readonly reasoning: boolean;
}

/**
 * A grammar for the beginning of an answer: from a marker on, other grammars take over.
 * Throws EngineError `INVALID_REQUEST` for a schema that is too large: the answer would not be held to it.
 */
export function answerGrammar({ schema, calls, reasoning }: AnswerForm): string {
  const rules = new GrammarRules(RULE_LIMIT);
  const forms = [
    ...(reasoning ? [literal(REASONING_OPEN)] : []),
    ...(calls === undefined ? [] : [literal(calls.open)]),
    ...(schema === undefined ? [] : [answerRule(rules, schema)]),
  ];
  return rules.toText(`space (${forms.join(' | ')})`);
}

function answerRule(rules: GrammarRules, schema: JsonSchema): string {
  try {
    return addSchema(rules, schema);
  } catch (error) {
    if (!(error instanceof GrammarTooLarge)) throw error;
    throw new EngineError('INVALID_REQUEST', `The schema of the answer is too large: ${error.message}.`, {
      field: 'responseSchema',
      cause: error,
    });
  }
}

/** A grammar for what may follow a call when the turn has to end with calls: another one, or nothing. */
export function afterCallGrammar(calls: CallSyntax): string {
  return new GrammarRules(RULE_LIMIT).toText(`(space ${literal(calls.open)})?`);
}
