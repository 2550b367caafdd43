import { formatText } from './filters.ts';
import { itemsOf, pythonText, type RuntimeValue, toList, toRuntime } from './runtime-values.ts';

type Method<Value> = (value: Value, args: readonly RuntimeValue[]) => RuntimeValue;

const textOf = (value: RuntimeValue | undefined): string => (value === undefined ? '' : pythonText(value));

const TEXT_METHODS: Readonly<Record<string, Method<string>>> = {
  format: (text, args) => toRuntime(formatText(text, args)),
  join: (text, [list]) => toRuntime(((list && itemsOf(list)) ?? []).map(pythonText).join(text)),
  find: (text, [part]) => toRuntime(text.indexOf(textOf(part))),
  count: (text, [part]) => toRuntime(text.split(textOf(part)).length - 1),
  removeprefix: (text, [part]) => toRuntime(text.startsWith(textOf(part)) ? text.slice(textOf(part).length) : text),
  removesuffix: (text, [part]) =>
    toRuntime(text.endsWith(textOf(part)) ? text.slice(0, text.length - textOf(part).length) : text),
  isdigit: (text) => toRuntime(/^\d+$/.test(text)),
};

const LIST_METHODS: Readonly<Record<string, Method<RuntimeValue[]>>> = {
  append: (list, args) => {
    list.push(...args);
    return toRuntime(null);
  },
  extend: (list, [more]) => {
    list.push(...((more && itemsOf(more)) ?? []));
    return toRuntime(null);
  },
  insert: (list, [at, item]) => {
    if (item !== undefined) list.splice(Number(at?.value), 0, item);
    return toRuntime(null);
  },
  pop: (list, [at]) => list.splice(at === undefined ? -1 : Number(at.value), 1)[0] ?? toRuntime(undefined),
  index: (list, [item]) => toRuntime(list.findIndex(({ value }) => value === item?.value)),
  count: (list, [item]) => toRuntime(list.filter(({ value }) => value === item?.value).length),
  copy: (list) => toList(list),
};

/** A Python method that the library lacks, bound to `value`. */
export function methodOf(value: RuntimeValue, name: unknown): RuntimeValue | undefined {
  if (typeof name !== 'string' || value.builtins.has(name)) return undefined;
  if (typeof value.value === 'string') return bind(TEXT_METHODS, name, value.value);
  return value.type === 'ArrayValue' ? bind(LIST_METHODS, name, value.value as RuntimeValue[]) : undefined;
}

function bind<Value>(
  methods: Readonly<Record<string, Method<Value>>>,
  name: string,
  value: Value,
): RuntimeValue | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return method && toCallable((args) => method(value, args));
}

/** A function that a template can call. */
export function toCallable(call: (args: readonly RuntimeValue[]) => RuntimeValue): RuntimeValue {
  const value = toRuntime(() => null);
  value.value = call;
  return value;
}
