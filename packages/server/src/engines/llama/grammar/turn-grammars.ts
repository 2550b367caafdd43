import type { ToolDefinition } from '../../../contracts/inference-engine.ts';
import type { CallSyntax } from '../formats/chat-format.ts';
import { GrammarRules } from './grammar-rules.ts';
import { jsonLiteral, literal } from './json-rules.ts';
import type { JsonSchema } from './merge-schemas.ts';
import { addSchema, RULE_LIMIT } from './schema-to-grammar.ts';
import { stringsExcept } from './strings-except.ts';

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
  const known = tools.map((tool) => callOf(jsonLiteral(tool.name), addSchema(rules, tool.parameters)));
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

/** A grammar for the beginning of an answer: from a marker on, other grammars take over. */
export function answerGrammar({ schema, calls, reasoning }: AnswerForm): string {
  const rules = new GrammarRules(RULE_LIMIT);
  const forms = [
    ...(reasoning ? [literal(REASONING_OPEN)] : []),
    ...(calls === undefined ? [] : [literal(calls.open)]),
    ...(schema === undefined ? [] : [addSchema(rules, schema)]),
  ];
  return rules.toText(`space (${forms.join(' | ')})`);
}

/** A grammar for what may follow a call when the turn has to end with calls: another one, or nothing. */
export function afterCallGrammar(calls: CallSyntax): string {
  return new GrammarRules(RULE_LIMIT).toText(`(space ${literal(calls.open)})?`);
}
