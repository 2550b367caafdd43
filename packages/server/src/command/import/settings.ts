import { JsoncError, parseJsonc } from '@latchkey/mcp-bridge/jsonc';
import type { z } from 'zod';
import { describeIssue } from '../../config/describe-issue.ts';
import { configSchema } from '../../config/schema.ts';
import { isObject } from '../../input/is-object.ts';
import { CommandError } from '../command-error.ts';
import type { Item } from './item.ts';

type Settings = Readonly<Record<string, unknown>>;

/** The text of config.json with what was added, and what became of each setting. */
export interface MergedSettings {
  /** Undefined when nothing is to be written. */
  readonly json?: string;
  readonly items: readonly Item[];
}

/** Reads config.json. @throws {CommandError} when it cannot be read, or is not an object */
function parse(text: string): { readonly settings: Settings; readonly hasComments: boolean } {
  try {
    const settings = parseJsonc(text);
    if (!isObject(settings)) throw new CommandError('config.json is not an object of settings.');
    return { settings, hasComments: !isJson(text) };
  } catch (error) {
    if (!(error instanceof JsoncError)) throw error;
    throw new CommandError(`config.json is not JSON: ${[error.path, error.message].join(' ').trim()}`);
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Adds settings to those of config.json. What is there counts; what the server would refuse is left out by itself, and
 * costs no other setting.
 *
 * @param complete what the configuration has without the file: its folders
 */
export function mergeSettings(text: string | undefined, found: Settings, complete: Settings): MergedSettings {
  const { settings: before, hasComments } = parse(text ?? '{}');
  const items: Item[] = [];
  let merged = before;
  for (const [path, value] of entriesOf(found)) {
    const name = path.join('.');
    const there = path.reduce<unknown>(
      (at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
      merged,
    );
    if (there !== undefined) {
      const note =
        JSON.stringify(there) === JSON.stringify(value) ? 'it is the same' : 'config.json says otherwise, and counts';
      items.push({ what: 'setting', name, outcome: 'there already', note });
      continue;
    }
    if (hasComments) {
      const note = `config.json has comments, and is not rewritten; add ${JSON.stringify(value)} yourself`;
      items.push({ what: 'setting', name, outcome: 'left out', note });
      continue;
    }
    const added = withValue(merged, path, value);
    const read = configSchema.safeParse({ ...complete, ...added });
    if (!read.success) {
      items.push({ what: 'setting', name, outcome: 'left out', note: describe(read.error, added) });
      continue;
    }
    merged = added;
    items.push({ what: 'setting', name, outcome: 'taken' });
  }
  return merged === before ? { items } : { json: `${JSON.stringify(merged, null, 2)}\n`, items };
}

const describe = (error: z.ZodError, input: Settings): string => describeIssue(error, input).what;

/** The settings one by one; the entries of an object are settings of their own. */
function entriesOf(found: Settings): readonly (readonly [path: readonly string[], value: unknown])[] {
  return Object.entries(found).flatMap(([key, value]): (readonly [readonly string[], unknown])[] =>
    isObject(value) ? Object.entries(value).map(([name, inner]) => [[key, name], inner] as const) : [[[key], value]],
  );
}

function withValue(settings: Settings, [key = '', ...rest]: readonly string[], value: unknown): Settings {
  const inner = settings[key];
  return { ...settings, [key]: rest.length === 0 ? value : withValue(isObject(inner) ? inner : {}, rest, value) };
}
