/** Between two elements of JSON: nothing, a space, or a line break with its indentation. */
export const SPACE_RULE = '| " " | "\\n" [ \\t]{0,20}';

/** One character in a JSON string, as it is or escaped. */
const CHARACTER_RULE =
  '[^"\\\\\\x00-\\x1F] | "\\\\" (["\\\\bfnrt/] | "u" ([0-9a-cA-CeEfF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2} | surrogates))';

/** A character beyond the first 65,536 as two escapes, which count as one character. */
const SURROGATES_RULE = '[dD] [89abAB] [0-9a-fA-F]{2} "\\\\u" [dD] [c-fC-F] [0-9a-fA-F]{2}';

/** Digits after a point that are not more than these. */
function digitsUpTo(most: string): string {
  const smaller = [...most].flatMap((digit, index) =>
    digit === '0' ? [] : [`"${most.slice(0, index)}" [0-${Number(digit) - 1}] [0-9]{0,20}`],
  );
  const beginnings = [...most].map((_, index) => `"${most.slice(0, index + 1)}"`);
  return [...smaller, ...beginnings].join(' | ');
}

/** The rules of JSON itself (RFC 8259), by name. Every grammar has them. */
export const JSON_RULES: Readonly<Record<string, string>> = {
  space: SPACE_RULE,
  surrogates: SURROGATES_RULE,
  character: CHARACTER_RULE,
  string: '"\\"" character* "\\""',
  integer: '"-"? ("0" | [1-9] [0-9]{0,99})',
  // Numbers that no double holds are left out: they would be read as infinite.
  number:
    '"-"? ("0" | [1-9] [0-9]{0,20}) ("." [0-9]{1,24})? ([eE] ("-" [0-9]{1,3} | "+"? [0-9]{1,2}))? | "-"? [0-9] ("." [0-9]{1,24})? [eE] "+"? ([12] [0-9]{2} | "30" [0-7]) | "-"? "1" ("." largest)? [eE] "+"? "308"',
  largest: digitsUpTo('7976931348623157'),
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
  // The 29th of February is left out: not every year has one.
  'date-text':
    '[0-9]{4} "-" (("0" [13578] | "1" [02]) "-" (day-text | "29" | "30" | "31") | ("0" [469] | "11") "-" (day-text | "29" | "30") | "02-" day-text)',
  'day-text': '"0" [1-9] | "1" [0-9] | "2" [0-8]',
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
