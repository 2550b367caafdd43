import { stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { ServerConfig } from '../config/schema.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Often enough for a person who has just saved the file and looks into the log. */
const INTERVAL_MILLISECONDS = 2000;

export interface ConfigWatch {
  /** The file, which need not exist. */
  readonly file: string;
  /** The configuration that the server was started with. */
  readonly running: ServerConfig;
  /** Reads the configuration again. */
  readonly load: () => ServerConfig;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/**
 * Looks at a changed configuration file and logs what the change means: which keys act after a restart, or why the next
 * start would fail. Nothing of it is applied.
 */
export function createConfigLookout({ file, running, load, logger }: ConfigWatch): () => void {
  let last: unknown = [];
  return () => {
    const found = compare(running, load);
    if (isDeepStrictEqual(found, last)) return;
    last = found;
    if (typeof found === 'string') {
      logger.error(
        { file, problem: found },
        'the configuration was changed and cannot be used: the next start would fail',
      );
    } else if (found.length > 0) {
      logger.warn({ file, keys: found }, 'the configuration was changed: these keys act after a restart');
    } else {
      logger.info({ file }, 'the configuration is again the one that the server runs with');
    }
  };
}

/**
 * Calls `look` after each change of the file, as long as the process runs, and once at first: the file may have changed
 * since the server read it. Looking at it every two seconds works on every file system.
 */
export function watchConfigFile(file: string, look: () => void): void {
  let last: string | undefined;
  const lookIfChanged = async (): Promise<void> => {
    try {
      const seen = await stateOf(file);
      if (seen === last) return;
      last = seen;
      look();
    } finally {
      lookLater();
    }
  };
  const lookLater = () => setTimeout(lookIfChanged, INTERVAL_MILLISECONDS).unref();
  lookLater();
}

/** What is another after each change of a file. */
async function stateOf(file: string): Promise<string> {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found === undefined ? 'missing' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}

/** The keys that differ, or why the configuration cannot be used. */
function compare(running: ServerConfig, load: () => ServerConfig): readonly string[] | string {
  try {
    const [before, after] = [keysOf(running), keysOf(load())];
    return [...new Set([...before.keys(), ...after.keys()])].filter(
      (key) => !isDeepStrictEqual(before.get(key), after.get(key)),
    );
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
}

/** The values by the names that the documentation has for them, such as `port` and `engine.parallel`. */
function keysOf(config: ServerConfig): ReadonlyMap<string, unknown> {
  const groups: readonly (keyof ServerConfig)[] = [
    'engine',
    'limits',
    'audit',
    'retention',
    'downloads',
    'ephemeralMcp',
    'oauth',
  ];
  return new Map(
    Object.entries(config).flatMap(([key, value]): [string, unknown][] =>
      (groups as readonly string[]).includes(key)
        ? Object.entries(value as object).map(([inner, each]) => [`${key}.${inner}`, each])
        : [[key, value]],
    ),
  );
}
