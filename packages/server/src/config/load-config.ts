import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { JsoncError, parseJsonc } from '@latchkey/mcp-bridge/jsonc';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import { describeIssue } from './describe-issue.ts';
import { defaultDataFolder, requireOwnHome } from './own-home.ts';
import { describeSystemError, isSystemError } from './path-failure.ts';
import { requirePrivate } from './private-path.ts';
import { configSchema, type ServerConfig } from './schema.ts';
import { findVariables, variableOf } from './variables.ts';
import { withoutAbsent } from './without-absent.ts';

type Settings = Readonly<Record<string, unknown>>;

/** The values of the command's flags, by configuration key; absent flags are undefined. */
export interface ConfigSources {
  readonly flags: Settings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A file that must exist. Absent: `config.json` in the data folder, if there is one. */
  readonly file?: string;
}

/** Returns the path of the configuration file, even if the file does not exist. */
export function findConfigFile({ flags, environment, file }: ConfigSources): string {
  const { data } = withHome({ data: flags.data ?? findVariables(environment).settings.data });
  return file ?? join(typeof data === 'string' ? data : defaultDataFolder(), 'config.json');
}

/**
 * Merges the configuration: file < environment < flags. Throws ConfigError, which names the key and where it was set.
 */
export function loadConfig({ flags, environment, file }: ConfigSources): ServerConfig {
  const set = withHome(withoutAbsent(flags));
  const fromEnvironment = withHome(findVariables(environment).settings);
  const early = { ...fromEnvironment, ...set };
  const path = findConfigFile({ flags, environment, ...(file === undefined ? {} : { file }) });
  const fromFile = withHome(file !== undefined || existsSync(path) ? readConfigFile(path) : {});
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
  const { keys, what } = describeIssue(parsed.error, complete);
  const [key = ''] = keys;
  throw new ConfigError(`${whereSet(String(key), z.core.toDotPath(keys), set, fromEnvironment, path)}: ${what}`);
}

const PATHS = ['data', 'models', 'mcp', 'logFile'];

/** Replaces a leading `~` of a path with the home folder; outside a shell it has no meaning. */
const withHome = (settings: Settings): Settings =>
  Object.fromEntries(
    Object.entries(settings).map(([key, value]) =>
      PATHS.includes(key) && typeof value === 'string'
        ? [key, value.replace(/^~(?=\/|$)/, () => requireOwnHome(`${key} without ~`))]
        : [key, value],
    ),
  );

function readConfigFile(path: string): Settings {
  requirePrivate(path, 'file');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new ConfigError(describeSystemError(path, error), { cause: error });
  }
  const parsed = parseSettings(path, text);
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  throw new ConfigError(`${path}: expected an object of settings`);
}

/** Parses the file as mcp.json is parsed: comments, trailing commas and a byte order mark are fine. */
function parseSettings(path: string, text: string): unknown {
  try {
    return parseJsonc(text);
  } catch (error) {
    if (!(error instanceof JsoncError)) throw error;
    const problem = error.path === '' ? `not valid JSON: ${error.message}` : `${error.path} ${error.message}`;
    throw new ConfigError(`${path}: ${problem}`, { cause: error });
  }
}

function mcpIn(data: string): Settings {
  const path = join(data, 'mcp.json');
  return existsSync(path) ? { mcp: path } : {};
}

/** Returns where a key was set: the name of its flag or variable, or its place in the file. */
function whereSet(key: string, path: string, flags: Settings, environment: Settings, file: string): string {
  if (Object.hasOwn(flags, key)) return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return Object.hasOwn(environment, key) ? (variableOf(key) ?? path) : `${file}: ${path}`;
}
