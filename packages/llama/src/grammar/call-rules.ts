import type { ToolDefinition } from '@latchkey/engine';
import { ANY, KEY } from '../formats/syntax/pattern.ts';
import type { CallBody, CallSyntax } from '../formats/syntax/turn-syntax.ts';
import type { GrammarRules } from './grammar-rules.ts';
import { jsonLiteral, literal } from './json-rules.ts';
import type { JsonSchema } from './merge-schemas.ts';
import { addSchemaOrType } from './schema-to-grammar.ts';
import { stringsExcept } from './strings-except.ts';
import { textUntil } from './text-until.ts';

/** The text for a wildcard: an id, a number, a type. */
const ANYTHING = '[a-zA-Z0-9_-]{1,24}';

/**
 * The rule for the text between the opening and the closing marker of calls: calls of the given tools, with arguments
 * that follow their schemas.
 *
 * Unless `onlyKnown` is set, a call of an unknown tool is allowed, with any arguments. Otherwise a model that invents a
 * tool would be forced to call another one; this way its call is reported as it is, and refused.
 */
export function callsRule(
  rules: GrammarRules,
  syntax: CallSyntax,
  tools: readonly ToolDefinition[],
  onlyKnown: boolean,
): string {
  const { body, list, callOpen, callClose, close } = syntax;
  const one = body.kind === 'json' ? jsonCall(rules, body, tools, onlyKnown) : ownCall(rules, body, tools);
  const whole = [pattern(callOpen), `(${one})`, pattern(callClose)].filter(Boolean).join(' space ');
  const call = rules.add('call', whole);
  const calls = list
    ? `"[" space ${call} (space "," space ${call})* space "]"`
    : callOpen === ''
      ? call
      : `${call} (space ${call})*`;
  return `space ${calls}${close === '' ? '' : ` space ${pattern(close)}`}`;
}

function jsonCall(
  rules: GrammarRules,
  body: Extract<CallBody, { kind: 'json' }>,
  tools: readonly ToolDefinition[],
  onlyKnown: boolean,
): string {
  const names = tools.map((tool) => tool.name);
  const known = tools.map((tool) => jsonParts(body, jsonLiteral(tool.name), addSchemaOrType(rules, tool.parameters)));
  const other = (): string =>
    rules.attempt(
      () => stringsExcept(rules, names),
      () => 'string',
    );
  const parts = [...known, ...(onlyKnown ? [] : [jsonParts(body, other(), 'object')])].join(' | ');
  if (body.id === undefined) return `"{" space (${parts}) space "}"`;
  const id = `${jsonLiteral(body.id.key)} space ":" space "\\"" ${ANYTHING} "\\""`;
  return body.id.first
    ? `"{" space (${id} space "," space)? (${parts}) space "}"`
    : `"{" space (${parts}) (space "," space ${id})? space "}"`;
}

function jsonParts(body: Extract<CallBody, { kind: 'json' }>, name: string, callArguments: string): string {
  if (body.nameIsKey) return `${name} space ":" space ${callArguments}`;
  return `${jsonLiteral(body.name)} space ":" space ${name} space "," space ${jsonLiteral(body.arguments)} space ":" space ${callArguments}`;
}

/** Allows only known tools. */
function ownCall(
  rules: GrammarRules,
  body: Exclude<CallBody, { kind: 'json' }>,
  tools: readonly ToolDefinition[],
): string {
  return tools.map((tool) => `${literal(tool.name)} ${ownArguments(rules, body, tool.parameters)}`).join(' | ');
}

function ownArguments(rules: GrammarRules, body: Exclude<CallBody, { kind: 'json' }>, schema: JsonSchema): string {
  switch (body.kind) {
    case 'named':
      return `${pattern(body.nameEnd)} ${addSchemaOrType(rules, schema)}`;
    case 'python':
      return `"(" ${separated(rules, schema, '", "', (key, value) => `${literal(key)} "=" ${addSchemaOrType(rules, value)}`)} ")"`;
    case 'braces':
      return `"{" ${separated(rules, schema, '","', (key, value) => `${literal(key)} ":" ${bracesValue(rules, value, body.quote)}`)} "}"`;
    case 'tags': {
      const written = properties(schema).map(({ key, value, required }) => {
        const argument = `space ${literal(body.keyOpen)} ${literal(key)} ${pattern(body.keyClose)} ${taggedValue(rules, body, key, value)}`;
        return required ? argument : `(${argument})?`;
      });
      return [pattern(body.nameEnd), ...written].filter(Boolean).join(' ');
    }
  }
}

function taggedValue(
  rules: GrammarRules,
  { valueClose, onLines }: Extract<CallBody, { kind: 'tags' }>,
  key: string,
  schema: JsonSchema,
): string {
  const end = (onLines ? '\n' : '') + valueClose.replaceAll(KEY, key);
  const begin = onLines ? '"\\n" ' : '';
  const choices = Array.isArray(schema.enum) ? schema.enum : 'const' in schema ? [schema.const] : undefined;
  if (choices?.every((choice) => typeof choice === 'string')) {
    return `${begin}(${choices.map((choice) => literal(choice)).join(' | ')}) ${literal(end)}`;
  }
  if (isText(schema)) return begin + textUntil(rules, end);
  return `${begin}${addSchemaOrType(rules, schema)} ${literal(end)}`;
}

function bracesValue(rules: GrammarRules, schema: JsonSchema, quote: string): string {
  return isText(schema) ? `${literal(quote)} ${textUntil(rules, quote)}` : addSchemaOrType(rules, schema);
}

/** Whether the value may be a string. It is then always one, since nothing in the text shows its type. */
function isText({ type }: JsonSchema): boolean {
  return type === 'string' || (Array.isArray(type) && type.includes('string'));
}

interface Property {
  readonly key: string;
  readonly value: JsonSchema;
  readonly required: boolean;
}

function properties(schema: JsonSchema): Property[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  const entries = Object.entries((schema.properties ?? {}) as Record<string, unknown>);
  return entries.map(([key, value]) => ({
    key,
    value: typeof value === 'object' && value !== null ? (value as JsonSchema) : {},
    required: required.includes(key),
  }));
}

/** Properties in their order with a separator in between; optional ones may be left out. */
function separated(
  rules: GrammarRules,
  schema: JsonSchema,
  separator: string,
  write: (key: string, value: JsonSchema) => string,
): string {
  const all = properties(schema);
  const known = new Map<string, string>();
  const rest = (from: number, first: boolean): string => {
    const name = known.get(`${from} ${first}`);
    if (name !== undefined) return name;
    const property = all[from];
    const added = rules.add('arguments', property === undefined ? '""' : withRest(property, from, first));
    known.set(`${from} ${first}`, added);
    return added;
  };
  const withRest = ({ key, value, required }: Property, from: number, first: boolean): string => {
    const text = `${first ? '' : `${separator} `}${write(key, value)} ${rest(from + 1, false)}`;
    return required ? text : `${text} | ${rest(from + 1, first)}`;
  };
  return rest(0, true);
}

/** A text with wildcards, in which space matches any space. */
function pattern(text: string): string {
  return text
    .split(ANY)
    .map((part) =>
      part
        .split(/\s+/)
        .map((word) => (word === '' ? '' : literal(word)))
        .join(' space '),
    )
    .join(` ${ANYTHING} `)
    .trim();
}
