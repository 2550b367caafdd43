import type { Grant } from '@latchkey/auth-core/llm';
import { z } from 'zod';
import { withoutAbsent } from '../../config/without-absent.ts';
import type { EarlierKey } from '../../state/import-keys.ts';
import { CommandError } from '../command-error.ts';
import { parseDuration } from '../parse-duration.ts';
import { parseGrant } from './grant-flags.ts';
import { readEnd } from './token-options.ts';

/** What every key of a file has that does not say otherwise. */
export interface EarlierKeyDefaults {
  readonly grant: Grant;
  readonly owner?: string;
  readonly project?: string;
  readonly expiresAt?: string;
}

const MOST_KEYS = 100_000;
const MOST_MISTAKES = 10;

/** The grant is read by auth-core. */
const keySchema = z.strictObject({
  name: z.string(),
  hash: z.string(),
  owner: z.string().optional(),
  project: z.string().optional(),
  expiresAt: z.string().optional(),
  notes: z.string().optional(),
  rotateAfter: z.string().optional(),
  grant: z.unknown().optional(),
});

interface Place {
  /** Such as `line 3`. */
  readonly at: string;
  readonly value: unknown;
}

/**
 * Reads a file with keys of an earlier system: a JSON array of objects, or one object a line.
 *
 * @throws {CommandError} that names the first mistakes and their places, and repeats no value
 */
export function readEarlierKeys(
  text: string,
  { grant, ...defaults }: EarlierKeyDefaults,
  now: Date,
): readonly EarlierKey[] {
  const places = readPlaces(text.replace(/^\uFEFF/, ''));
  if (places.length === 0) throw new CommandError('There are no keys in the file.');
  if (places.length > MOST_KEYS) {
    throw new CommandError(`There are ${places.length} keys, and at most ${MOST_KEYS} can be imported at a time.`);
  }
  const mistakes: string[] = [];
  const keys: EarlierKey[] = [];
  const first = new Map<string, string>();
  for (const { at, value } of places) {
    try {
      const key = readKey(value, grant, now);
      const before = first.get(key.hash);
      if (before !== undefined) throw new CommandError(`hash: it is that of ${before}, too`);
      first.set(key.hash, at);
      keys.push({ ...defaults, ...key });
    } catch (error) {
      mistakes.push(`${at}: ${(error as Error).message}`);
    }
  }
  if (mistakes.length === 0) return keys;
  const shown = mistakes.slice(0, MOST_MISTAKES).join('\n');
  const more = mistakes.length > MOST_MISTAKES ? `\nand ${mistakes.length - MOST_MISTAKES} more` : '';
  throw new CommandError(`Nothing was imported, because of what is in the file:\n${shown}${more}`);
}

function readPlaces(text: string): readonly Place[] {
  const whole = parse(text);
  if (whole !== undefined || text.trimStart().startsWith('[')) {
    if (whole === undefined) throw notJson('The file');
    return [whole.value].flat().map((value, index) => ({ at: `key ${index + 1}`, value }));
  }
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line, at: `line ${index + 1}` }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, at }) => {
      const parsed = parse(line);
      if (parsed === undefined) throw notJson(at);
      return { at, value: parsed.value };
    });
}

/** Undefined for what is not JSON. The message of `JSON.parse` would repeat what is in the file. */
function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

const notJson = (at: string): CommandError =>
  new CommandError(`${at} is not JSON. The file is a JSON array of objects, or has one object in each line.`);

function readKey(value: unknown, grant: Grant, now: Date): EarlierKey {
  const read = keySchema.safeParse(value);
  if (!read.success) throw new CommandError(describe(read.error));
  const { expiresAt, rotateAfter, grant: own, hash, ...key } = read.data;
  return {
    ...withoutAbsent(key),
    name: key.name,
    hash: /^[0-9a-f]+$/i.test(hash) ? hash.toLowerCase() : hash,
    grant: own === undefined ? grant : parseGrant(own),
    ...(expiresAt === undefined ? {} : { expiresAt: field('expiresAt', () => readEnd(expiresAt, now)) }),
    ...(rotateAfter === undefined
      ? {}
      : { rotateAfterSeconds: field('rotateAfter', () => parseDuration(rotateAfter) / 1000) }),
  };
}

/** Reads a field as the flag of another command is read; an error names the field. */
function field<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new CommandError(`${name}: ${(error as Error).message.replace(/^--[a-z-]+: /, '')}`);
  }
}

function describe({ issues }: z.ZodError): string {
  const unknown = issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const shown = unknown.slice(0, 8).map((key) => key.slice(0, 64));
  if (shown.length > 0) return `unknown fields: ${shown.join(', ')}`;
  const path = issues[0]?.path.join('.') ?? '';
  return path === '' ? 'it is not an object' : `${path}: it is missing, or not a text`;
}
