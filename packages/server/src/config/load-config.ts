import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { configSchema, type ServerConfig } from './schema.ts';
import { withoutAbsent } from './without-absent.ts';

/** A configuration that can't be used; the message says which key, where it stands, and what it should be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Settings = Readonly<Record<string, unknown>>;

/** What the command's flags say, by configuration key; absent ones are undefined. */
export interface ConfigSources {
  readonly flags: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A file that must exist. Absent: `config.json` in the data folder, if there is one. */
  readonly file?: string;
}

/** Environment variables, the keys that they set, and how their text is read. */
const ENVIRONMENT: readonly {
  readonly variable: string;
  readonly key: string;
  readonly read: (text: string) => unknown;
}[] = [
  { variable: 'LATCHKEY_HOST', key: 'host', read: String },
  { variable: 'LATCHKEY_PORT', key: 'port', read: readNumber },
  { variable: 'LATCHKEY_DATA', key: 'data', read: String },
  { variable: 'LATCHKEY_DATABASE', key: 'database', read: String },
  { variable: 'LATCHKEY_MODELS', key: 'models', read: String },
  { variable: 'LATCHKEY_MCP', key: 'mcp', read: String },
  { variable: 'LATCHKEY_AUTH', key: 'auth', read: readBoolean },
  { variable: 'LATCHKEY_LOG', key: 'log', read: String },
];

/** The data folder when nobody names one. */
export const defaultDataFolder = (): string => join(homedir(), '.latchkey');

/**
 * Puts the configuration together: file < environment < flags. Throws ConfigError, which names the key and where it
 * was set.
 */
export function loadConfig({ flags, environment, file }: ConfigSources): ServerConfig {
  const set = withoutAbsent(flags);
  const fromEnvironment: Record<string, unknown> = {};
  for (const { variable, key, read } of ENVIRONMENT) {
    const text = environment[variable];
    if (text !== undefined && text !== '') fromEnvironment[key] = read(text);
  }
  const early = { ...fromEnvironment, ...set };
  const namedData = typeof early.data === 'string' ? early.data : undefined;
  const path = file ?? join(namedData ?? defaultDataFolder(), 'config.json');
  const fromFile = file !== undefined || existsSync(path) ? readConfigFile(path) : {};
  const merged = { ...fromFile, ...early };
  const data = typeof merged.data === 'string' ? merged.data : defaultDataFolder();
  const complete = { data, models: join(data, 'models'), ...mcpIn(data), ...merged };

  const parsed = configSchema.safeParse(complete);
  if (parsed.success) {
    const { models, mcp } = parsed.data;
    return {
      ...parsed.data,
      data: resolve(parsed.data.data),
      models: resolve(models),
      ...(mcp === undefined ? {} : { mcp: resolve(mcp) }),
    };
  }
  const issue = parsed.error.issues[0];
  const keys = issue?.code === 'unrecognized_keys' ? [...issue.path, ...issue.keys.slice(0, 1)] : (issue?.path ?? []);
  const key = z.core.toDotPath(keys);
  const what = issue?.code === 'unrecognized_keys' ? 'there is no such setting' : (issue?.message ?? 'not valid');
  throw new ConfigError(`${whereSet(String(keys[0] ?? ''), set, fromEnvironment, path)}: ${key}: ${what}`);
}

function readConfigFile(path: string): Settings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(`${path}: can't be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${path}: not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  throw new ConfigError(`${path}: expected an object of settings`);
}

function mcpIn(data: string): Settings {
  const path = join(data, 'mcp.json');
  return existsSync(path) ? { mcp: path } : {};
}

function whereSet(key: string, flags: Settings, environment: Settings, file: string): string {
  if (Object.hasOwn(flags, key)) return `flag --${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  if (Object.hasOwn(environment, key)) {
    return `environment ${ENVIRONMENT.find((entry) => entry.key === key)?.variable}`;
  }
  return file;
}

/** Not a number: the text itself, so that the schema complains about it by its key. */
function readNumber(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : text;
}

function readBoolean(text: string): unknown {
  return { true: true, '1': true, on: true, false: false, '0': false, off: false }[text.toLowerCase()] ?? text;
}
