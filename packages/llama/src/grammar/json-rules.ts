/** Between two elements of JSON: nothing, a space, or a line break with its indentation. */
export const SPACE_RULE = '| " " | "\\n" [ \\t]{0,20}';

/** One character in a JSON string, as it is or escaped. */
const CHARACTER_RULE = '[^"\\\\\\x00-\\x1F] | "\\\\" (["\\\\bfnrt/] | "u" [0-9a-fA-F]{4})';

/** The rules of JSON itself (RFC 8259), by name. Every grammar has them. */
export const JSON_RULES: Readonly<Record<string, string>> = {
  space: SPACE_RULE,
  character: CHARACTER_RULE,
  string: '"\\"" character* "\\""',
  integer: '"-"? ("0" | [1-9] [0-9]{0,15})',
  number: '"-"? ("0" | [1-9] [0-9]{0,20}) ("." [0-9]{1,24})? ([eE] [-+]? [0-9]{1,3})?',
  boolean: '"true" | "false"',
  null: '"null"',
  object: '"{" space (string space ":" space value (space "," space string space ":" space value)*)? space "}"',
  array: '"[" space (value (space "," space value)*)? space "]"',
  value: 'object | array | string | number | boolean | null',
};

/** Strings of these formats have rules; all other formats allow any string. */
export const FORMAT_RULES: Readonly<Record<string, string>> = {
  date: '"\\"" date-text "\\""',
  time: '"\\"" time-text "\\""',
  'date-time': '"\\"" date-text "T" time-text "\\""',
  uuid: '"\\"" [0-9a-fA-F]{8} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{4} "-" [0-9a-fA-F]{12} "\\""',
};

/** RFC 3339, as the rules above need it. */
export const DATE_RULES: Readonly<Record<string, string>> = {
  'date-text': '[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [1-2] [0-9] | "3" [0-1])',
  'time-text':
    '([0-1] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,9})? ("Z" | [-+] ([0-1] [0-9] | "2" [0-3]) ":" [0-5] [0-9])',
};

/** A text as a GBNF literal. */
export function literal(text: string): string {
  return `"${[...text].map(literalCharacter).join('')}"`;
}

function literalCharacter(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`;
  const code = character.charCodeAt(0);
  return code < 0x20 ? `\\x${code.toString(16).padStart(2, '0')}` : character;
}

/** A value as a GBNF literal of its JSON text. */
export function jsonLiteral(value: unknown): string {
  return literal(JSON.stringify(value));
}
