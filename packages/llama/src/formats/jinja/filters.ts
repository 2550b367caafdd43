import { entriesOf, itemsOf, pythonText, type RuntimeValue, toList, toRuntime } from './runtime-values.ts';

/** A filter that the library lacks, or has for fewer types than Jinja2. Undefined passes the value to the library. */
type Filter = (value: RuntimeValue, args: readonly RuntimeValue[]) => RuntimeValue | undefined;

/** A filter with the given result for an undefined value, which the library does not accept. */
const ofNothing =
  (empty: unknown): Filter =>
  (value) =>
    value.type === 'UndefinedValue' ? toRuntime(empty) : undefined;

/** In Jinja2 an undefined value or `None` has no items, like an empty list. */
const ofFalse: Filter = (value) =>
  value.type === 'UndefinedValue' || value.type === 'NullValue' ? toList([]) : undefined;

const isNumber = (value: RuntimeValue): boolean => typeof value.value === 'number';

function extreme(sign: 1 | -1): Filter {
  return (value) => {
    const items = itemsOf(value);
    if (items === undefined) return undefined;
    const [first, ...rest] = items;
    if (first === undefined) return toRuntime(undefined);
    return rest.reduce((best, item) => (compare(item, best) * sign < 0 ? item : best), first);
  };
}

/** Numbers by their size, everything else by its text. */
export function compare(left: RuntimeValue | undefined, right: RuntimeValue | undefined): number {
  if (left === undefined || right === undefined) return 0;
  if (isNumber(left) && isNumber(right)) return Number(left.value) - Number(right.value);
  const [a, b] = [pythonText(left), pythonText(right)];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The filters by name. */
export const FILTERS: Readonly<Record<string, Filter>> = {
  length: ofNothing(0),
  count: (value) => {
    if (value.type === 'UndefinedValue') return toRuntime(0);
    const size =
      itemsOf(value)?.length ??
      entriesOf(value)?.size ??
      (typeof value.value === 'string' ? [...value.value].length : undefined);
    return size === undefined ? undefined : toRuntime(size);
  },
  string: (value) => toRuntime(pythonText(value)),
  trim: ofNothing(''),
  upper: ofNothing(''),
  lower: ofNothing(''),
  join: ofNothing(''),
  first: ofNothing(undefined),
  last: ofNothing(undefined),
  items: ofNothing([]),
  list: (value) => {
    if (value.type === 'UndefinedValue') return toList([]);
    if (typeof value.value === 'string') return toRuntime([...value.value]);
    const entries = entriesOf(value);
    return entries === undefined ? undefined : toRuntime([...entries.keys()]);
  },
  select: ofFalse,
  reject: ofFalse,
  selectattr: ofFalse,
  rejectattr: ofFalse,
  map: ofFalse,
  min: extreme(1),
  max: extreme(-1),
  sum: (value) => {
    const items = itemsOf(value);
    return items && toRuntime(items.reduce((sum, item) => sum + Number(item.value), 0));
  },
  /** `'%s and %s' | format(a, b)` */
  format: (value, args) => {
    let index = 0;
    const text = pythonText(value).replace(/%(%|[sdifr])/g, (whole, kind: string) => {
      if (kind === '%') return '%';
      const given = args[index++];
      return given === undefined ? whole : pythonText(given);
    });
    return toRuntime(text);
  },
  from_json: (value) => toRuntime(parseJson(pythonText(value))),
  fromjson: (value) => toRuntime(parseJson(pythonText(value))),
};

/** A text that is not JSON stays a text: templates call this without knowing whether it is. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Python's `str.format`: `{}`, `{0}` and `{name}`, with doubled braces for single ones. */
export function formatText(text: string, args: readonly RuntimeValue[]): string {
  const named = args.find(({ type }) => type === 'KeywordArgumentsValue');
  let index = 0;
  return text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, field: string | undefined) => {
    if (whole === '{{') return '{';
    if (whole === '}}') return '}';
    const [name = ''] = (field ?? '').split(/[!:]/);
    const given =
      name === '' ? args[index++] : /^\d+$/.test(name) ? args[Number(name)] : named && entriesOf(named)?.get(name);
    return given === undefined ? whole : pythonText(given);
  });
}
