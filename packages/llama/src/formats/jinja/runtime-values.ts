import { Environment } from '@huggingface/jinja';

/** A value of the template library, which exports neither its classes nor types that resolve. */
export interface RuntimeValue {
  readonly type: string;
  value: unknown;
  readonly builtins: Map<string, RuntimeValue>;
  toString(): string;
}

/** Converts a text, list, record and so on to a value of the template library. */
export function toRuntime(value: unknown): RuntimeValue {
  return new Environment().set('value', value);
}

/** Makes a list of values that are already of the library. */
export function toList(items: readonly RuntimeValue[]): RuntimeValue {
  const list = toRuntime([]);
  list.value = [...items];
  return list;
}

/** The items of a list or tuple; undefined for anything else. */
export function itemsOf(value: RuntimeValue): readonly RuntimeValue[] | undefined {
  return Array.isArray(value.value) ? (value.value as readonly RuntimeValue[]) : undefined;
}

/** The entries of a record; undefined for anything else. */
export function entriesOf(value: RuntimeValue): ReadonlyMap<string, RuntimeValue> | undefined {
  return value.value instanceof Map ? (value.value as ReadonlyMap<string, RuntimeValue>) : undefined;
}

/** The result of Python's `str()` for a value. */
export function pythonText(value: RuntimeValue): string {
  return typeof value.value === 'string' ? value.value : pythonLiteral(value);
}

function pythonLiteral(value: RuntimeValue): string {
  const items = itemsOf(value);
  if (items !== undefined) {
    const texts = items.map(pythonLiteral);
    if (value.type === 'TupleValue') return `(${texts.join(', ')}${texts.length === 1 ? ',' : ''})`;
    return `[${texts.join(', ')}]`;
  }
  const entries = entriesOf(value);
  if (entries !== undefined) {
    return `{${[...entries].map(([key, item]) => `${quote(key)}: ${pythonLiteral(item)}`).join(', ')}}`;
  }
  switch (value.type) {
    case 'UndefinedValue':
      return '';
    case 'NullValue':
      return 'None';
    case 'BooleanValue':
      return value.value === true ? 'True' : 'False';
    case 'StringValue':
      return quote(String(value.value));
    default:
      return value.toString();
  }
}

function quote(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(mark, `\\${mark}`);
  return `${mark}${escaped}${mark}`;
}
