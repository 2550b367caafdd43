import { type Stats, unwatchFile, watch, watchFile } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Environment } from './interpolate.ts';
import { loadMcpJson } from './load-config.ts';
import type { McpConfig } from './mcp-config.ts';

/** Editors write a file in several steps; it is read after this long without a change. */
const quietMs = 200;

/** How often the file is looked at where the system does not report changes. */
const lookMs = 2000;

/** What `watchMcpJson` takes. */
export interface WatchOptions {
  readonly path: string;
  readonly environment: Environment;
  /** Called with each valid configuration, in order. */
  onConfig(config: McpConfig): void;
  /** Called with the error of an invalid file; its `message` is safe to log. */
  onError(error: Error): void;
  /**
   * Called with the system's error when it does not report changes, such as when its inotify instances are used up. The
   * file is looked at every two seconds from then on, and `reload` reads it at once.
   */
  onUnwatched?(error: NodeJS.ErrnoException): void;
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
 * is watched, so replacing the file is detected as well; where the system does not report changes, the file is looked at
 * every two seconds. The target of a link to another folder, and an `envFile`, are read at the next `reload`. The
 * watcher does not keep the process alive.
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
export function watchMcpJson({
  path,
  environment,
  onConfig,
  onError,
  onUnwatched = () => undefined,
}: WatchOptions): McpJsonWatcher {
  const file = resolve(path);
  let reading = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let disposed = false;
  let problem: string | null = null;
  const read = async (): Promise<void> => {
    if (disposed) return;
    try {
      const config = await loadMcpJson(file, environment);
      if (disposed) return;
      onConfig(config);
      problem = null;
    } catch (error) {
      if (disposed) return;
      const refused = error instanceof Error ? error : new Error('it could not be read');
      problem = refused.message;
      onError(refused);
    }
  };
  // Reads run one after the other, so that the last read determines the configuration.
  const reload = (): Promise<void> => {
    clearTimeout(timer);
    reading = reading.then(read);
    return reading;
  };
  const readSoon = (): void => {
    if (disposed) return;
    clearTimeout(timer);
    timer = setTimeout(() => void reload(), quietMs).unref();
  };
  const stop = watchChanges(file, readSoon, onUnwatched);
  return {
    problem: () => problem,
    reload,
    [Symbol.dispose]() {
      disposed = true;
      clearTimeout(timer);
      stop();
    },
  };
}

/** Watches the folder of a file, or looks at the file now and then where the system does not report changes. */
function watchChanges(
  file: string,
  onChange: () => void,
  onUnwatched: (error: NodeJS.ErrnoException) => void,
): () => void {
  let isOver = false;
  let close = (): void => undefined;
  const lookInstead = (error: NodeJS.ErrnoException): void => {
    if (isOver) return;
    close();
    // For a file that does not exist, Node also calls it once at the beginning.
    const look = (now: Stats, before: Stats): void => {
      if (now.ino !== 0 || before.ino !== 0) onChange();
    };
    watchFile(file, { interval: lookMs, persistent: false }, look);
    close = () => unwatchFile(file, look);
    onUnwatched(error);
  };
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_, name) => {
      if (name === null || name === basename(file)) onChange();
    });
    close = () => watcher.close();
    watcher.once('error', lookInstead);
  } catch (error) {
    lookInstead(error as NodeJS.ErrnoException);
  }
  return () => {
    isOver = true;
    close();
  };
}
