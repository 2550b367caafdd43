import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { BridgeError } from '../errors.ts';
import type { Environment } from './interpolate.ts';
import { loadMcpJson } from './load-config.ts';
import type { McpConfig } from './mcp-config.ts';

/** Editors write a file in several steps; so long nothing may happen before it is read. */
const quietMs = 200;

/** What `watchMcpJson` takes. */
export interface WatchOptions {
  readonly path: string;
  readonly environment: Environment;
  /** Gets each configuration that can be used, the newest last. */
  onConfig(config: McpConfig): void;
  /** Gets what is wrong with one that can't; its `message` is safe to log. */
  onError(error: Error): void;
}

/** A file that is watched until this is disposed of. */
export interface McpJsonWatcher extends Disposable {
  /** What is wrong with the file as it was read last; null while nothing is, and before it was read. Safe to show. */
  problem(): string | null;
  /** Reads the file now, whether it changed or not, and whatever else it names. Never rejects. */
  reload(): Promise<void>;
}

/**
 * Watches the mcp.json at `path`, which need not exist yet, and reads it again when it changes. It watches the folder
 * of the file, so that replacing the file is seen, too; what lies behind a link to another folder, and an `envFile`, is
 * read with the next `reload`. Keeps no process alive.
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
  // One after the other, so that what was read last is what counts last.
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
      new BridgeError('MCP_CONFIG_INVALID', 'The mcp.json can not be watched; changes count when it is read again.', {
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
