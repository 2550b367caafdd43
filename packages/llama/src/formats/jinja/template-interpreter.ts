import { type Environment, Interpreter } from '@huggingface/jinja';
import { compare, FILTERS, parseJson } from './filters.ts';
import { methodOf, toCallable } from './methods.ts';
import { entriesOf, itemsOf, pythonText, type RuntimeValue, toList, toRuntime } from './runtime-values.ts';

/** The fields of a parsed template's node that are used here; the library's own types do not resolve. */
interface Node {
  readonly type: string;
  readonly iterable?: Node;
  readonly lhs?: Node;
  readonly operand?: Node;
  readonly filter?: Node;
  readonly callee?: Node;
  readonly args?: readonly Node[];
  readonly object?: Node;
  readonly property?: Node;
  readonly computed?: boolean;
  readonly value?: unknown;
  readonly assignee?: Node;
}

/** A variable that is set before every block, so that an error can name its line. */
export const LINE_MARK = '__line__';

const CONSTANT = 'Constant';

/**
 * The template library's interpreter with the behaviour of Jinja2 that chat templates rely on and the library lacks:
 * loops over undefined values, texts and tuples, numeric keys, `str.format`, and more filters for more types.
 */
export class TemplateInterpreter extends Interpreter {
  /** The line of the block that was evaluated last, where the program has line marks. */
  line: number | undefined;

  /** The library's constructor, which has no type here. */
  static in(environment: Environment): TemplateInterpreter {
    return Reflect.construct(TemplateInterpreter, [environment]);
  }

  evaluate(node: Node | undefined, environment: Environment): RuntimeValue {
    switch (node?.type) {
      case CONSTANT:
        return node.value as RuntimeValue;
      case 'Set':
        if (node.assignee?.value !== LINE_MARK) break;
        this.line = (node.value as { readonly value: number }).value;
        return toRuntime(null);
      case 'For':
        return super.evaluate(this.#prepareLoop(node, environment), environment);
      case 'ObjectLiteral':
        return this.#record(node.value as ReadonlyMap<Node, Node>, environment);
      case 'MemberExpression':
        return this.#member(node, environment);
      case 'FilterExpression':
        return this.#filter(node, environment);
    }
    return super.evaluate(node, environment);
  }

  #prepareLoop(node: Node, environment: Environment): Node {
    const source = node.iterable;
    const selects = source?.type === 'SelectExpression';
    const iterable = constant(loopItems(this.evaluate(selects ? source.lhs : source, environment)));
    return withParts(node, { iterable: selects ? withParts(source, { lhs: iterable }) : iterable });
  }

  /** Python's keys may be numbers. Here they are texts that `items` returns as numbers. */
  #record(literal: ReadonlyMap<Node, Node>, environment: Environment): RuntimeValue {
    const keys = new Map<string, RuntimeValue>();
    const record = toRuntime({});
    const entries = record.value as Map<string, RuntimeValue>;
    for (const [key, value] of literal) {
      const given = this.evaluate(key, environment);
      const name = pythonText(given);
      keys.set(name, given);
      entries.set(name, this.evaluate(value, environment));
    }
    if ([...keys.values()].every(({ value }) => typeof value === 'string')) return record;
    const pairs = (): RuntimeValue =>
      toList([...entries].map(([name, value]) => toList([keys.get(name) ?? toRuntime(name), value])));
    const names = (): RuntimeValue => toList([...entries.keys()].map((name) => keys.get(name) ?? toRuntime(name)));
    const sorted = (): RuntimeValue =>
      toList([...(itemsOf(pairs()) ?? [])].sort((a, b) => compare(itemsOf(a)?.[0], itemsOf(b)?.[0])));
    for (const [name, call] of Object.entries({ items: pairs, keys: names, dictsort: sorted })) {
      record.builtins.set(name, toCallable(call));
    }
    return record;
  }

  #member(node: Node, environment: Environment): RuntimeValue {
    if (node.property?.type === 'SliceExpression') return super.evaluate(node, environment);
    const object = this.evaluate(node.object, environment);
    const name = node.computed === true ? this.evaluate(node.property, environment) : undefined;
    const method = methodOf(object, (name ?? node.property)?.value);
    if (method !== undefined) return method;
    if (name !== undefined && typeof name.value === 'number' && entriesOf(object) !== undefined) {
      return entriesOf(object)?.get(pythonText(name)) ?? toRuntime(undefined);
    }
    const parts = { object: constant(object), ...(name === undefined ? {} : { property: constant(name) }) };
    return super.evaluate(withParts(node, parts), environment);
  }

  #filter(node: Node, environment: Environment): RuntimeValue {
    const operand = this.evaluate(node.operand, environment);
    const { filter } = node;
    const name = filter?.type === 'CallExpression' ? filter.callee?.value : filter?.value;
    const own = Object.hasOwn(FILTERS, String(name)) ? FILTERS[String(name)] : undefined;
    const args = (filter?.args ?? []).filter(({ type }) => type !== 'KeywordArgumentExpression');
    const result = own?.(
      operand,
      args.map((argument) => (own === FILTERS.format ? this.evaluate(argument, environment) : toRuntime(null))),
    );
    return result ?? super.evaluate(withParts(node, { operand: constant(operand) }), environment);
  }
}

/** What a template may call besides its own macros. */
export const FUNCTIONS = { from_json: (text: unknown) => parseJson(String(text)) };

/** In Jinja2 a loop over an undefined value has no iterations, and a loop over a text visits its characters. */
function loopItems(value: RuntimeValue): RuntimeValue {
  if (value.type === 'UndefinedValue') return toList([]);
  if (typeof value.value === 'string') return toRuntime([...value.value]);
  const items = itemsOf(value);
  // The library unpacks lists, not tuples.
  return items === undefined
    ? value
    : toList(items.map((item) => (item.type === 'TupleValue' ? toList(itemsOf(item) ?? []) : item)));
}

function constant(value: RuntimeValue): Node {
  return { type: CONSTANT, value };
}

function withParts(node: Node | undefined, parts: Partial<Node>): Node {
  return Object.assign(Object.create(Object.getPrototypeOf(node ?? {})), node, parts);
}
