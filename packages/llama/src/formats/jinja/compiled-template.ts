import { Environment, parse, tokenize } from '@huggingface/jinja';
import type { RuntimeValue } from './runtime-values.ts';
import { FUNCTIONS, LINE_MARK, TemplateInterpreter } from './template-interpreter.ts';

interface Token {
  readonly value: string;
  readonly type: string;
}

/** A template refused a conversation in its own words (`raise_exception`). */
export class TemplateRefusal extends Error {
  override readonly name = 'TemplateRefusal';
}

/** A template could not be rendered because of a fault in it or in the library. */
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault';
  /** Where in the template, counted from 1. */
  readonly line: number | undefined;

  constructor(cause: unknown, line: number | undefined) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.line = line;
  }
}

/** A Jinja template, ready to be rendered. */
export class CompiledTemplate {
  readonly #source: string;
  readonly #program: unknown;

  /** Throws TemplateFault when it cannot be parsed. */
  constructor(source: string) {
    this.#source = source;
    this.#program = parseSource(source);
  }

  /** Throws TemplateRefusal, TemplateFault. */
  render(variables: Readonly<Record<string, unknown>>): string {
    try {
      return run(this.#program, newInterpreter(variables));
    } catch (error) {
      if (error instanceof TemplateRefusal) throw error;
      throw new TemplateFault(error, this.#lineOfFault(variables));
    }
  }

  /** Renders again, with a mark in front of every block. */
  #lineOfFault(variables: Readonly<Record<string, unknown>>): number | undefined {
    const interpreter = newInterpreter(variables);
    try {
      run(parse(withLineMarks(tokensOf(this.#source), this.#source)), interpreter);
    } catch {
      return interpreter.line;
    }
    return undefined;
  }
}

function run(program: unknown, interpreter: TemplateInterpreter): string {
  return String((interpreter as unknown as { run(program: unknown): RuntimeValue }).run(program).value);
}

function newInterpreter(variables: Readonly<Record<string, unknown>>): TemplateInterpreter {
  const environment = new Environment();
  const all = { ...CONSTANTS, ...FUNCTIONS, raise_exception: refuse, range, strftime_now: formatNow, ...variables };
  for (const [name, value] of Object.entries(all)) environment.set(name, value);
  return TemplateInterpreter.in(environment);
}

const CONSTANTS = { true: true, True: true, false: false, False: false, none: null, None: null };

function refuse(message: unknown): never {
  throw new TemplateRefusal(String(message));
}

function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const numbers: number[] = [];
  if (step === 0) throw new Error('range() arg 3 must not be zero');
  for (let number = from; step > 0 ? number < to : number > to; number += step) numbers.push(number);
  return numbers;
}

/** Python's `datetime.now().strftime`, as far as templates write dates. */
function formatNow(format: string): string {
  const now = new Date();
  const part = (options: Intl.DateTimeFormatOptions): string => new Intl.DateTimeFormat('en-US', options).format(now);
  const two = (number: number): string => String(number).padStart(2, '0');
  const parts: Readonly<Record<string, () => string>> = {
    Y: () => String(now.getFullYear()),
    m: () => two(now.getMonth() + 1),
    d: () => two(now.getDate()),
    H: () => two(now.getHours()),
    M: () => two(now.getMinutes()),
    S: () => two(now.getSeconds()),
    b: () => part({ month: 'short' }),
    B: () => part({ month: 'long' }),
    a: () => part({ weekday: 'short' }),
    A: () => part({ weekday: 'long' }),
    '%': () => '%',
  };
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, bare: string, kind: string) => {
    const text = parts[kind]?.();
    if (text === undefined) return whole;
    return bare === '' ? text : text.replace(/^0+(?=\d)/, '');
  });
}

function tokensOf(source: string): Token[] {
  return tokenize(source, { lstrip_blocks: true, trim_blocks: true });
}

function parseSource(source: string): unknown {
  let tokens: readonly Token[] = [];
  let reached = 0;
  try {
    tokens = tokensOf(source);
    // The parser's error says what is missing; the last token that it read says where.
    const watched = new Proxy(tokens, {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reached = Math.max(reached, Number(key));
        return Reflect.get(target, key, receiver);
      },
    });
    return parse(watched);
  } catch (error) {
    throw new TemplateFault(error, linesOf(tokens, source)[Math.min(reached, tokens.length - 1)]);
  }
}

function withLineMarks(tokens: readonly Token[], source: string): Token[] {
  const lines = linesOf(tokens, source);
  return tokens.flatMap((token, index) => {
    const opens = token.type.startsWith('Open') && /^\{[{%]/.test(token.value);
    return opens ? [...lineMark(lines[index] ?? 1), token] : [token];
  });
}

/** The line in which each token begins. Texts, which the library has trimmed, get the line of the token before. */
function linesOf(tokens: readonly Token[], source: string): number[] {
  let at = 0;
  let line = 1;
  return tokens.map(({ type, value }) => {
    const found = type === 'Text' ? -1 : source.indexOf(value, at);
    if (found < 0) return line;
    line += source.slice(at, found).split('\n').length - 1;
    const here = line;
    line += value.split('\n').length - 1;
    at = found + value.length;
    return here;
  });
}

function lineMark(line: number): readonly Token[] {
  return tokensOf(`{% set ${LINE_MARK} = ${line} %}`);
}
