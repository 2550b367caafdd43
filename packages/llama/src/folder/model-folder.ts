import { findModelFiles, lookAgain, type ModelFile } from './model-files.ts';

/** A folder or file that could not be read in the last scan, or that was too deep for it. */
export interface UnreadablePlace {
  readonly path: string;
  /** The system's code, e.g. `EACCES`; or `TOO_DEEP`. */
  readonly code: string;
}

/** The contents of the folder at a scan. */
export interface FolderScan {
  readonly files: readonly ModelFile[];
  readonly unreadable: readonly UnreadablePlace[];
}

/** A folder with cached scans; the longer a scan takes, the less often it runs. */
export interface ModelFolder {
  /** A model by one of its names, in its present state. The folder is scanned only when the name is not known. */
  find(name: string): Promise<ModelFile | undefined>;
  /**
   * All models, at most one second old. When scans of the folder are slow, the result of the last scan is returned, and
   * a new scan runs in the background.
   */
  list(): Promise<FolderScan>;
  /** The result of the last scan; undefined before the first. */
  last(): FolderScan | undefined;
}

/** The shortest time between two scans, independent of the number of requests. */
const SCAN_MILLISECONDS = 1000;
/** When a scan takes longer than this, requests get the last result instead of waiting. */
const LONG_MILLISECONDS = 100;
/** Scans take at most one part in this many of the time. */
const SHARE = 20;

interface Scan extends FolderScan {
  readonly byName: ReadonlyMap<string, ModelFile>;
  readonly startedAt: number;
  readonly took: number;
}

export function openModelFolder(
  folder: string,
  now: () => number,
  onScan: (scan: FolderScan) => void = () => undefined,
): ModelFolder {
  let last: Scan | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<Scan> | undefined;

  async function look(): Promise<Scan> {
    waiting = undefined;
    const startedAt = now();
    const unreadable: UnreadablePlace[] = [];
    const found = await findModelFiles(folder, (path, code) => unreadable.push({ path, code }));
    const files = found.map((file) => unchanged(last?.byName.get(file.key), file) ?? file);
    const byName = new Map<string, ModelFile>();
    for (const file of files) {
      for (const name of [file.key, ...file.names]) if (!byName.has(name)) byName.set(name, file);
    }
    last = { files, unreadable, byName, startedAt, took: now() - startedAt };
    onScan(last);
    return last;
  }

  /** All requests that arrive during a scan share the next one. */
  function fresh(): Promise<Scan> {
    waiting ??= running.then(look);
    running = waiting.catch(() => undefined);
    return waiting;
  }

  const isOld = ({ startedAt, took }: Scan): boolean => now() - startedAt >= Math.max(SCAN_MILLISECONDS, took * SHARE);
  const refreshSoon = (scan: Scan): void => {
    if (isOld(scan)) void fresh();
  };

  return {
    find: async (name) => {
      const known = last?.byName.get(name);
      if (last !== undefined && known !== undefined) {
        refreshSoon(last);
        // While the file cannot be read, its last state is used, so that a loaded model stays available.
        const current = await lookAgain(known).catch(() => known);
        if (current !== undefined) return current;
      }
      return (await fresh()).byName.get(name);
    },
    list: async () => {
      if (last === undefined) return fresh();
      if (last.took < LONG_MILLISECONDS) return now() - last.startedAt < SCAN_MILLISECONDS ? last : fresh();
      refreshSoon(last);
      return last;
    },
    last: () => last,
  };
}

/** The object of the scan before, where nothing about the file has changed: what was made of it is still good. */
function unchanged(before: ModelFile | undefined, now: ModelFile): ModelFile | undefined {
  const isSame =
    before?.key === now.key &&
    before.path === now.path &&
    before.stamp === now.stamp &&
    before.names.join('\0') === now.names.join('\0');
  return isSame ? before : undefined;
}
