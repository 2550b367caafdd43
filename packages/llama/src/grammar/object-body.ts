import type { GrammarRules } from './grammar-rules.ts';
import { jsonLiteral } from './json-rules.ts';
import { count, REPETITION_LIMIT } from './lengths.ts';
import { isSchema, type JsonSchema, strings } from './merge-schemas.ts';
import { stringsExcept } from './strings-except.ts';
import type { RuleSource } from './structure-rules.ts';

const COMMA = 'space "," space';
const COLON = 'space ":" space';

interface Member {
  readonly rule: string;
  readonly isRequired: boolean;
}

/** The body of a rule for an object, or undefined when no object fits. Throws GrammarTooLarge. */
export function objectBody(schemas: RuleSource, schema: JsonSchema): string | undefined {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const required = new Set(strings(schema.required));
  const names = [...Object.keys(properties), ...[...required].filter((name) => !Object.hasOwn(properties, name))];
  const members: Member[] = [];
  for (const name of names) {
    const isRequired = required.has(name);
    const own = Object.hasOwn(properties, name) ? properties[name] : unnamed(schema);
    const value = schemas.nameFor(own);
    if (value !== undefined) members.push({ rule: `${jsonLiteral(name)} ${COLON} ${value}`, isRequired });
    else if (isRequired) return undefined;
  }
  const others = otherMember(schemas, schema, names);
  leaveUnkept(schemas.rules, schema, names, required);
  const body = memberList(schemas.rules, members, others, {
    least: count(schema.minProperties) ?? 0,
    most: count(schema.maxProperties) ?? Number.POSITIVE_INFINITY,
  });
  return body === undefined ? undefined : `"{" space ${body} space "}"`;
}

/** The schema of a required member that the schema does not describe. */
const unnamed = ({ patternProperties, additionalProperties }: JsonSchema): unknown =>
  patternProperties === undefined ? (additionalProperties ?? true) : true;

/**
 * A member that the schema does not name. By JSON Schema, such members are allowed by default. But `properties`, even
 * an empty one, lists what the model is asked for. So others are allowed only without `properties`, or when
 * `additionalProperties` or `patternProperties` allow them.
 */
function otherMember(schemas: RuleSource, schema: JsonSchema, named: readonly string[]): string | undefined {
  const { rules } = schemas;
  const { patternProperties, propertyNames } = schema;
  if (isSchema(patternProperties) && Object.keys(patternProperties).length > 0) {
    const [first, ...more] = Object.entries(patternProperties);
    // A name that matches two patterns has to follow both schemas, and one that is named, its own as well.
    if (first === undefined || more.length > 0 || named.length > 0 || propertyNames !== undefined) {
      rules.leave('patternProperties');
      return undefined;
    }
    const [pattern, inner] = first;
    const value = schemas.nameFor(inner);
    if (value === undefined) return undefined;
    return `${schemas.nameFor({ type: 'string', pattern })} ${COLON} ${value}`;
  }
  const allowed = schema.additionalProperties ?? schema.properties === undefined;
  const value = allowed === false ? undefined : schemas.nameFor(allowed);
  if (value === undefined) return undefined;
  if (propertyNames !== undefined) {
    const key =
      named.length === 0 && isSchema(propertyNames) ? schemas.nameFor({ ...propertyNames, type: 'string' }) : undefined;
    if (key !== undefined) return `${key} ${COLON} ${value}`;
    if (propertyNames !== true) return undefined;
  }
  const key = named.length === 0 ? 'string' : stringsExcept(rules, named);
  return `${key} ${COLON} ${value}`;
}

/** Reports the keywords of a schema that its members do not hold. */
function leaveUnkept(
  rules: GrammarRules,
  schema: JsonSchema,
  names: readonly string[],
  required: ReadonlySet<string>,
): void {
  const { propertyNames, dependentRequired, dependentSchemas, dependencies, unevaluatedProperties } = schema;
  if (propertyNames !== undefined && propertyNames !== true && names.length > 0) rules.leave('propertyNames');
  for (const [keyword, needs] of Object.entries({ dependentRequired, dependencies })) {
    if (!isSchema(needs)) continue;
    const isHeld = Object.entries(needs).every(
      ([name, others]) =>
        (!names.includes(name) && schema.properties !== undefined) ||
        (Array.isArray(others) && strings(others).every((other) => required.has(other))),
    );
    if (!isHeld) rules.leave(keyword);
  }
  if (isSchema(dependentSchemas)) rules.leave('dependentSchemas');
  if (
    unevaluatedProperties !== undefined &&
    (schema.properties === undefined || isSchema(schema.additionalProperties))
  ) {
    rules.leave('unevaluatedProperties');
  }
}

interface Counts {
  readonly least: number;
  readonly most: number;
}

/** A place between two members, and how many members are there. */
interface Place {
  readonly index: number;
  readonly has: number;
}

/**
 * The members in the order of the schema, each optional one in its place, then others. Undefined when no number of
 * members fits.
 */
function memberList(
  rules: GrammarRules,
  members: readonly Member[],
  others: string | undefined,
  counts: Counts,
): string | undefined {
  const { least, most } = counts;
  const isCounted = least > 0 || most !== Number.POSITIVE_INFINITY;
  const placeOf = (index: number, has: number): Place => ({ index, has: isCounted ? has : Math.min(has, 1) });
  const keyOf = ({ index, has }: Place): string => `${index} ${has}`;
  /** The members that are written together from a place on: required ones in a row, or an optional one. */
  const rowFrom = (index: number): readonly Member[] => {
    const end = members.findIndex(({ isRequired }, at) => at >= index && !isRequired);
    return members.slice(index, Math.max(index + 1, end === -1 ? members.length : end));
  };
  const nextOf = ({ index, has }: Place): readonly Place[] => {
    const row = rowFrom(index);
    const isOptional = row[0]?.isRequired === false;
    return [
      ...(has + row.length <= most ? [placeOf(index + row.length, has + row.length)] : []),
      ...(isOptional ? [placeOf(index + 1, has)] : []),
    ];
  };

  const start = placeOf(0, 0);
  const places = new Map([[keyOf(start), start]]);
  for (const place of places.values()) {
    if (place.index >= members.length) continue;
    rules.spend(1);
    for (const next of nextOf(place)) places.set(keyOf(next), next);
  }
  const known = new Map<string, string | undefined>();
  for (const place of [...places.values()].sort((one, other) => other.index - one.index)) {
    known.set(keyOf(place), build(place));
  }
  return known.get(keyOf(start));

  function build(place: Place): string | undefined {
    const { index, has } = place;
    if (index >= members.length) return otherMembers(rules, others, has, counts);
    const comma = has === 0 ? '' : `${COMMA} `;
    const row = rowFrom(index);
    const withRow =
      has + row.length <= most ? known.get(keyOf(placeOf(index + row.length, has + row.length))) : undefined;
    const without = row[0]?.isRequired ? undefined : known.get(keyOf(placeOf(index + 1, has)));
    const text = row.map(({ rule }) => rule).join(` ${COMMA} `);
    const alternatives = [withRow && `${comma}${text} ${withRow}`, without].filter((one) => one !== undefined);
    return alternatives.length === 0 ? undefined : rules.add('members', alternatives.join(' | '));
  }
}

/** Others, after all named members. The same name may be written twice, so only one of them counts. */
function otherMembers(
  rules: GrammarRules,
  others: string | undefined,
  has: number,
  { least, most }: Counts,
): string | undefined {
  if (others === undefined || has >= most) return has >= least ? '""' : undefined;
  if (least - has > 1) rules.leave('minProperties');
  const room = most - has;
  const isCountable = room <= REPETITION_LIMIT;
  if (!isCountable && room !== Number.POSITIVE_INFINITY) rules.leave('maxProperties');
  const more = isCountable ? `{0,${room - 1}}` : '*';
  const list = `${has === 0 ? '' : `${COMMA} `}${others} (${COMMA} ${others})${more}`;
  return rules.add('others', least > has ? list : `(${list})?`);
}
