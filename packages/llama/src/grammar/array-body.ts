import type { GrammarRules } from './grammar-rules.ts';
import { jsonLiteral } from './json-rules.ts';
import { count } from './lengths.ts';
import type { JsonSchema } from './merge-schemas.ts';
import { countable, repeat } from './repetition.ts';
import type { RuleSource } from './structure-rules.ts';

const COMMA = 'space "," space';
/** Items without repetition have a rule for each set of the items that are left. */
const MOST_UNIQUE = 7;

interface Lengths {
  readonly least: number;
  readonly most: number;
}

/** The body of a rule for an array, or undefined when no array fits. Throws GrammarTooLarge. */
export function arrayBody(schemas: RuleSource, schema: JsonSchema): string | undefined {
  const { rules } = schemas;
  // Before 2020-12, a list in `items` had the place of `prefixItems`.
  const isOld = Array.isArray(schema.items);
  const listed = isOld ? schema.items : schema.prefixItems;
  const prefixSchemas: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const itemSchema = (isOld ? schema.additionalItems : schema.items) ?? true;
  const prefix = prefixSchemas.map((part) => schemas.nameFor(part));
  const item = schemas.nameFor(itemSchema);
  const least = count(schema.minItems) ?? 0;
  const fixed = prefix.includes(undefined) ? prefix.indexOf(undefined) : prefix.length;
  const most = Math.min(
    countable(rules, 'maxItems', schema.maxItems),
    item === undefined || fixed < prefix.length ? fixed : Number.POSITIVE_INFINITY,
  );
  if (most < least) return undefined;
  if (schema.unevaluatedItems !== undefined && item !== undefined) rules.leave('unevaluatedItems');
  if (schema.uniqueItems === true) {
    if (prefix.length === 0 && schema.contains === undefined) {
      const unique = uniqueItems(rules, schemas.valuesOf(itemSchema), { least, most });
      if (unique !== 'many') return unique === undefined ? undefined : `"[" space ${unique} space "]"`;
    }
    if (most > 1) rules.leave('uniqueItems');
  }
  if (schema.contains !== undefined && (count(schema.minContains) ?? 1) > 0) {
    const wanted = count(schema.minContains) ?? 1;
    const isPlain = prefix.length === 0 && schema.maxContains === undefined && wanted <= most;
    const match = isPlain ? schemas.nameFor({ allOf: [itemSchema, schema.contains] }) : undefined;
    if (match !== undefined) {
      // The items that are looked for come first.
      const first = Array.from({ length: wanted }, () => match).join(` ${COMMA} `);
      const rest = item === undefined ? '' : ` ${repeated(rules, item, Math.max(0, least - wanted), most - wanted)}`;
      return `"[" space ${first}${rest} space "]"`;
    }
    rules.leave('contains');
  } else if (schema.maxContains !== undefined && schema.contains !== undefined) rules.leave('maxContains');
  return `"[" space ${itemsFrom(rules, prefix, item, { least, most })} space "]"`;
}

/** The items with a schema for their position, each rule nested in the one before, then the rest as a repetition. */
function itemsFrom(
  rules: GrammarRules,
  prefix: readonly (string | undefined)[],
  item: string | undefined,
  { least, most }: Lengths,
): string {
  let following =
    item === undefined ? '' : repeated(rules, item, Math.max(0, least - prefix.length), most - prefix.length);
  for (let index = prefix.length - 1; index >= 0; index--) {
    const own = prefix[index];
    if (own === undefined || index >= most) {
      following = '';
      continue;
    }
    const separated = following === '' ? '' : ` ${rules.add('items', following)}`;
    const body = `${index === 0 ? '' : `${COMMA} `}${own}${separated}`;
    following = index < least ? body : `(${body})?`;
  }
  if (prefix.length > 0) return following;
  if (item === undefined || most === 0) return '';
  const rest = repeated(rules, item, Math.max(0, least - 1), most - 1);
  return least > 0 ? `${item} ${rest}` : `(${item} ${rest})?`;
}

const repeated = (rules: GrammarRules, item: string, least: number, most: number): string =>
  most <= 0 ? '' : repeat(rules, `${COMMA} ${item}`, least, most);

/** Lists of different values of a small set; `many` when it is not small, undefined when no list fits. */
function uniqueItems(
  rules: GrammarRules,
  values: readonly unknown[] | undefined,
  { least, most }: Lengths,
): string | 'many' | undefined {
  const texts = [...new Set(values?.map((value) => JSON.stringify(value)))];
  if (values === undefined || texts.length > MOST_UNIQUE) return 'many';
  if (texts.length < least) return undefined;
  const known = new Map<number, string>();
  /** What may follow when the values of `used` are there. */
  const after = (used: number): string => {
    const rule = known.get(used);
    if (rule !== undefined) return rule;
    const taken = texts.filter((_, index) => (used >> index) & 1).length;
    const next =
      taken >= most ? [] : texts.map((text, index) => ({ text, bit: 1 << index })).filter(({ bit }) => !(used & bit));
    const comma = taken === 0 ? '' : `${COMMA} `;
    const more = next.map(({ text, bit }) => `${comma}${jsonLiteral(JSON.parse(text))} ${after(used | bit)}`);
    const name = rules.add('unique', [...more, ...(taken >= least ? ['""'] : [])].join(' | '));
    known.set(used, name);
    return name;
  };
  return after(0);
}
