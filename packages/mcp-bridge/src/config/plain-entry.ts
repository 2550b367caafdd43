import type { KeyPath } from './invalid-config.ts';
import { printKeyPath } from './parse-jsonc.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An entry as it was meant, and what was left out of it. */
export interface PlainEntry {
  readonly fields: Fields;
  readonly warnings: readonly string[];
}

/**
 * Takes what is harmless in an entry as it was meant: null is absent; numbers and switches in `args`, `env` and
 * `headers` are texts; `command` may be a list of the command and its arguments, have them inside, or be the whole command
 * line of a program that is named without a path; `args` may be one text; `transport` may be an object with the URL inside;
 * `environment` is `env`; an empty `command` or `url` beside the other is absent. Nothing here may leave a restriction out: keys that
 * narrow are not touched, except that null never narrows anything.
 */
export function plainEntry(raw: Fields, path: KeyPath): PlainEntry {
  const warnings: string[] = [];
  const fields: Record<string, unknown> = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== null));
  spreadTransport(fields);
  if (typeof fields.args === 'string') fields.args = wordsOf(fields.args);
  spreadCommand(fields);
  if (fields.env === undefined && isObject(fields.environment)) {
    fields.env = fields.environment;
    delete fields.environment;
  }
  for (const key of remoteKeys) if (fields[key] === '' && typeof fields.command === 'string') delete fields[key];
  if (fields.command === '' && remoteKeys.some((key) => typeof fields[key] === 'string')) delete fields.command;
  if (Array.isArray(fields.args)) fields.args = fields.args.filter((item) => item !== null).map(asText);
  for (const key of ['env', 'headers']) {
    const values = fields[key];
    if (!isObject(values)) continue;
    fields[key] = Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) => (value === null ? [] : [[name, asText(value)]])),
    );
  }
  for (const key of ['timeout', 'timeoutMs']) {
    const number = typeof fields[key] === 'string' && fields[key] !== '' ? Number(fields[key]) : Number.NaN;
    if (Number.isFinite(number)) fields[key] = number;
  }
  const { description } = fields;
  if (description !== undefined && (typeof description !== 'string' || description.length > longestDescription)) {
    if (typeof description === 'string') fields.description = `${description.slice(0, longestDescription - 1)}…`;
    else delete fields.description;
    const how = typeof description === 'string' ? 'is cut' : 'is not a text and has no effect';
    warnings.push(`${printKeyPath([...path, 'description'])} ${how}`);
  }
  return { fields, warnings };
}

const remoteKeys = ['url', 'serverUrl', 'httpUrl', 'baseUrl'];
const longestDescription = 1024;

/** opencode writes the command and its arguments as one list, older settings of Zed as one object. */
function spreadCommand(fields: Record<string, unknown>): void {
  const { command, args } = fields;
  const own = Array.isArray(args) ? args : [];
  if (Array.isArray(command)) {
    const [first, ...rest] = command.map(asText);
    fields.command = first;
    fields.args = [...rest, ...own];
  } else if (isObject(command) && typeof command.path === 'string') {
    const { path, args: inner, env, ...unknown } = command;
    if (Object.keys(unknown).length > 0) return;
    fields.command = path;
    fields.args = [...(Array.isArray(inner) ? inner : []), ...own];
    if (isObject(env)) fields.env = { ...env, ...(isObject(fields.env) ? fields.env : {}) };
  } else if (typeof command === 'string' && /^[^\s/\\"']+\s/.test(command)) {
    // A path with blanks in it stays whole.
    const [first, ...rest] = wordsOf(command);
    fields.command = first;
    fields.args = [...rest, ...own];
  }
}

/** What says how a server is reached. With anything else inside, a transport is not understood: it may narrow something. */
const ofTransport = new Set(['type', 'url', 'headers', 'command', 'args', 'env', 'cwd']);

/** Takes what stands inside a `transport` that is an object, unless the entry has it itself. */
function spreadTransport(fields: Record<string, unknown>): void {
  const { transport, ...own } = fields;
  if (!isObject(transport) || Object.keys(transport).some((key) => !ofTransport.has(key))) return;
  delete fields.transport;
  const inner = Object.fromEntries(Object.entries(transport).filter(([, value]) => value !== null));
  Object.assign(fields, inner, own);
}

/** The words of a command line; those in quotes are one, without them. Nothing else of a shell is done. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, (_, double?: string, single?: string) => double ?? single ?? ''),
  );

/** A number or a switch is the text that it is written as; anything else is left for the schema to judge. */
function asText(value: unknown): unknown {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
