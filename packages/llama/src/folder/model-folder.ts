import { findModelFiles, lookAgain, type ModelFile } from './model-files.ts';

/** A folder or file that could not be read when the folder was last looked through. */
export interface UnreadablePlace {
  readonly path: string;
  /** The system's code, e.g. `EACCES`. */
  readonly code: string;
}

/** What the folder held when it was looked through. */
export interface FolderScan {
  readonly files: readonly ModelFile[];
  readonly unreadable: readonly UnreadablePlace[];
}

/** A folder that is read as rarely as its size demands. */
export interface ModelFolder {
  /** A model by one of its names, as it is now: its own file is looked at, and the others only when it is not known. */
  find(name: string): Promise<ModelFile | undefined>;
  /** All models, as they were within the last second; of a folder that takes long, as they were last, and it is looked through meanwhile. */
  list(): Promise<FolderScan>;
  /** What the last look found; undefined before the first. */
  last(): FolderScan | undefined;
}

/** The folder is looked through at most so often, however many ask. */
const SCAN_MILLISECONDS = 1000;
/** A look that takes longer than this is not waited for by those who have something to go on. */
const LONG_MILLISECONDS = 100;
/** Looking takes at most this part of the time. */
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
    const files = await findModelFiles(folder, (path, code) => unreadable.push({ path, code }));
    const byName = new Map<string, ModelFile>();
    for (const file of files) {
      for (const name of [file.key, ...file.names]) if (!byName.has(name)) byName.set(name, file);
    }
    last = { files, unreadable, byName, startedAt, took: now() - startedAt };
    onScan(last);
    return last;
  }

  /** All that ask while one look runs share the one after it. */
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
        // While it cannot be looked at, it is what it was: a model that is loaded goes on.
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
