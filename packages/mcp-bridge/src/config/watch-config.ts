import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { BridgeError } from '../errors.ts';
import type { Environment } from './interpolate.ts';
import { loadMcpJson } from './load-config.ts';
import type { McpConfig } from './mcp-config.ts';

/** Editors write a file in several steps; it is read after this long without a change. */
const quietMs = 200;

/** What `watchMcpJson` takes. */
export interface WatchOptions {
  readonly path: string;
  readonly environment: Environment;
  /** Called with each valid configuration, in order. */
  onConfig(config: McpConfig): void;
  /** Called with the error of an invalid file; its `message` is safe to log. */
  onError(error: Error): void;
}

/** A watched file, until this is disposed. */
export interface McpJsonWatcher extends Disposable {
  /**
   * What was wrong with the file when it was last read; null if nothing was, and before the first read. Safe to show.
   */
  problem(): string | null;
  /** Reads the file now, even if it has not changed, and the files that it names. Never rejects. */
  reload(): Promise<void>;
}

/**
 * Watches the mcp.json at `path`, which need not exist yet, and reads it again when it changes. The folder of the file
 * is watched, so replacing the file is detected as well. The target of a link to another folder, and an `envFile`, are
 * read at the next `reload`. The watcher does not keep the process alive.
 *
 * @example
 * ```ts
 * import { createMcpHost, loadMcpJson, watchMcpJson } from '@latchkey/mcp-bridge';
 *
 * const file = { path: './mcp.json', environment: process.env };
 * await using host = createMcpHost({ config: await loadMcpJson(file.path, file.environment) });
 * using watcher = watchMcpJson({
 *   ...file,
 *   onConfig: host.reload,
 *   onError: (error) => console.error(`The new mcp.json is refused: ${error.message}`),
 * });
 * await watcher.reload();
 * ```
 */
export function watchMcpJson({ path, environment, onConfig, onError }: WatchOptions): McpJsonWatcher {
  const file = resolve(path);
  let reading = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let disposed = false;
  let problem: string | null = null;
  const refuse = (error: Error): void => {
    problem = error.message;
    onError(error);
  };

  const read = async (): Promise<void> => {
    if (disposed) return;
    try {
      const config = await loadMcpJson(file, environment);
      if (disposed) return;
      onConfig(config);
      problem = null;
    } catch (error) {
      if (!disposed) refuse(error instanceof Error ? error : new Error('it could not be read'));
    }
  };
  // Reads run one after the other, so that the last read determines the configuration.
  const reload = (): Promise<void> => {
    clearTimeout(timer);
    reading = reading.then(read);
    return reading;
  };
  const watcher = watchFolder(dirname(file), refuse, (name) => {
    if (disposed || (name !== null && name !== basename(file))) return;
    clearTimeout(timer);
    timer = setTimeout(() => void reload(), quietMs).unref();
  });
  return {
    problem: () => problem,
    reload,
    [Symbol.dispose]() {
      disposed = true;
      clearTimeout(timer);
      watcher?.close();
    },
  };
}

function watchFolder(
  folder: string,
  onError: (error: Error) => void,
  onChange: (name: string | null) => void,
): FSWatcher | undefined {
  const unwatched = (cause: unknown): void =>
    onError(
      new BridgeError('MCP_CONFIG_INVALID', 'The mcp.json cannot be watched; changes count when it is read again.', {
        path: '',
        cause,
      }),
    );
  try {
    const watcher = watch(folder, { persistent: false }, (_, name) => onChange(name));
    watcher.on('error', unwatched);
    return watcher;
  } catch (error) {
    unwatched(error);
    return undefined;
  }
}
