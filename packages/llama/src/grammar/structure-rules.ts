import { type GrammarRules, GrammarTooLarge } from './grammar-rules.ts';
import { jsonLiteral } from './json-rules.ts';
import { count, REPETITION_LIMIT } from './lengths.ts';
import { isSchema, type JsonSchema, strings } from './merge-schemas.ts';
import { stringsExcept } from './strings-except.ts';

/** The source of the rules for nested schemas. */
export interface RuleSource {
  readonly rules: GrammarRules;
  /** The name of a rule for what `schema` allows, or undefined when it allows nothing. Throws GrammarTooLarge. */
  nameFor(schema: unknown): string | undefined;
}

const COMMA = 'space "," space';
const COLON = 'space ":" space';

/** The body of a rule for an object, or undefined when no object fits. Throws GrammarTooLarge. */
export function objectBody(schemas: RuleSource, schema: JsonSchema): string | undefined {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const required = [...new Set(strings(schema.required))];
  const members: string[] = [];
  for (const name of [
    ...Object.keys(properties).filter((key) => required.includes(key)),
    ...required.filter((key) => !Object.hasOwn(properties, key)),
  ]) {
    const member = memberOf(schemas, name, properties[name] ?? true);
    if (member === undefined) return undefined;
    members.push(member);
  }
  const optional = Object.keys(properties)
    .filter((name) => !required.includes(name))
    .flatMap((name) => memberOf(schemas, name, properties[name]) ?? []);
  const others = otherMember(schemas, schema, [...Object.keys(properties), ...required]);
  return `"{" space ${withOptional(schemas, members, optional, others)} space "}"`;
}

function memberOf(schemas: RuleSource, name: string, schema: unknown): string | undefined {
  const value = schemas.nameFor(schema);
  return value === undefined ? undefined : `${jsonLiteral(name)} ${COLON} ${value}`;
}

/**
 * A member that the schema does not name. By JSON Schema, such members are allowed by default. But `properties`, even
 * an empty one, lists what the model is asked for. So others are allowed only without `properties`, or when
 * `additionalProperties` allows them.
 */
function otherMember(schemas: RuleSource, schema: JsonSchema, named: readonly string[]): string | undefined {
  const allowed = schema.additionalProperties ?? schema.properties === undefined;
  const value = allowed === false ? undefined : schemas.nameFor(allowed);
  if (value === undefined) return undefined;
  const key = named.length === 0 ? 'string' : stringsExcept(schemas.rules, named);
  return `${key} ${COLON} ${value}`;
}

/** Required members, then any of the optional ones in their order, then others. */
function withOptional(
  schemas: RuleSource,
  required: readonly string[],
  optional: readonly string[],
  others: string | undefined,
): string {
  const more = others === undefined ? '' : ` (${COMMA} ${others})*`;
  // Rules for what may follow another member, from the last optional member to the first.
  let following = more === '' ? '' : schemas.rules.add('rest', more.trim());
  let first = others === undefined ? '' : `${others}${more}`;
  for (const member of [...optional].reverse()) {
    const tail = following === '' ? '' : ` ${following}`;
    first = first === '' ? `${member}${tail}` : `${member}${tail} | ${first}`;
    following = schemas.rules.add('rest', `(${COMMA} ${member})?${tail}`);
  }
  if (required.length === 0) return first === '' ? '' : `(${first})?`;
  return `${required.join(` ${COMMA} `)}${following === '' ? '' : ` ${following}`}`;
}

/** The body of a rule for an array, or undefined when no array fits. Throws GrammarTooLarge. */
export function arrayBody(schemas: RuleSource, schema: JsonSchema): string | undefined {
  const prefixSchemas: readonly unknown[] = Array.isArray(schema.prefixItems) ? schema.prefixItems : [];
  const prefix = prefixSchemas.map((item) => schemas.nameFor(item));
  const item = schemas.nameFor(schema.items ?? true);
  const least = count(schema.minItems) ?? 0;
  const most = Math.min(
    count(schema.maxItems) ?? Number.POSITIVE_INFINITY,
    item === undefined ? prefix.length : Number.POSITIVE_INFINITY,
  );
  if (most < least) return undefined;
  if (least > REPETITION_LIMIT) throw new GrammarTooLarge(`more than ${REPETITION_LIMIT} items`);
  return `"[" space ${itemsFrom(schemas, prefix, item, { least, most })} space "]"`;
}

/** The items with a schema for their position, each rule nested in the one before, then the rest as a repetition. */
function itemsFrom(
  schemas: RuleSource,
  prefix: readonly (string | undefined)[],
  item: string | undefined,
  { least, most }: { readonly least: number; readonly most: number },
): string {
  let following = item === undefined ? '' : repeated(item, Math.max(0, least - prefix.length), most - prefix.length);
  for (let index = prefix.length - 1; index >= 0; index--) {
    const own = prefix[index];
    if (own === undefined || index >= most) {
      following = '';
      continue;
    }
    const separated = following === '' ? '' : ` ${schemas.rules.add('items', following)}`;
    const body = `${index === 0 ? '' : `${COMMA} `}${own}${separated}`;
    following = index < least ? body : `(${body})?`;
  }
  if (prefix.length > 0) return following;
  if (item === undefined || most === 0) return '';
  const rest = repeated(item, Math.max(0, least - 1), most - 1);
  return least > 0 ? `${item} ${rest}` : `(${item} ${rest})?`;
}

function repeated(item: string, least: number, most: number): string {
  if (most <= 0) return '';
  const repetition = most > REPETITION_LIMIT ? `{${least},}` : `{${least},${most}}`;
  return `(${COMMA} ${item})${repetition}`;
}
