import { EngineError, type ModelDescription } from '@latchkey/engine';
import type { ModelFile } from './model-files.ts';

/** Reads the descriptions of files, in the given order; a file that is not a model gives an Error. */
export type DescribeFiles = (paths: readonly string[]) => Promise<readonly (ModelDescription | Error)[]>;

/** Descriptions of files from an earlier run. Keeping them only saves work. */
export interface DescriptionMemory {
  recall(path: string, stamp: string): ModelDescription | Error | undefined;
  /** Called when there is something new to keep. */
  keep(known: Iterable<KnownDescription>): void;
}

export interface KnownDescription {
  readonly path: string;
  readonly stamp: string;
  readonly description: ModelDescription | Error;
}

/** The descriptions of files. Each version of a file is read once. */
export interface ModelDescriptions {
  /** The description of a file. A new file is read at once, before those in the queue. */
  of(file: ModelFile): Promise<ModelDescription | Error>;
  /** The description, if it is already known. */
  known(file: ModelFile): ModelDescription | Error | undefined;
  /** Reads new files in batches. Resolves when all of them are known. */
  lookAtAll(files: readonly ModelFile[]): Promise<void>;
}

/** How many files one process reads. */
const BATCH = 256;
/** A file that could not be read is retried after at least this time, and after `SHARE` times the time it took. */
const RETRY_MILLISECONDS = 1000;
const SHARE = 10;

interface Entry {
  readonly stamp: string;
  readonly description: Promise<ModelDescription | Error>;
  settled?: ModelDescription | Error;
  /** When to retry; absent for a result that the file's content determines. */
  forgetAt?: number;
}

export function createModelDescriptions(
  describeFiles: DescribeFiles,
  now: () => number,
  memory?: DescriptionMemory,
): ModelDescriptions {
  const entries = new Map<string, Entry>();
  const queue = new Map<string, ModelFile>();
  let working: Promise<void> | undefined;

  function entryOf({ path, stamp }: ModelFile): Entry | undefined {
    const entry = entries.get(path);
    if (entry?.stamp === stamp && (entry.forgetAt === undefined || now() < entry.forgetAt)) return entry;
    const recalled = entry === undefined ? memory?.recall(path, stamp) : undefined;
    if (recalled === undefined) return undefined;
    const found: Entry = { stamp, description: Promise.resolve(recalled), settled: recalled };
    entries.set(path, found);
    return found;
  }

  async function look(files: readonly ModelFile[]): Promise<void> {
    const startedAt = now();
    const looking = describeFiles(files.map(({ path }) => path));
    const begun = files.map(({ path, stamp }, index) => {
      const description = looking.then((found) => found[index] ?? new Error('the file was not looked at'));
      const entry: Entry = { stamp, description };
      entries.set(path, entry);
      description.then(
        (found) => {
          entry.settled = found;
          if (isPassing(found)) entry.forgetAt = now() + Math.max(RETRY_MILLISECONDS, (now() - startedAt) * SHARE);
        },
        () => {
          if (entries.get(path) === entry) entries.delete(path);
        },
      );
      return description;
    });
    await Promise.all(begun);
  }

  async function work(): Promise<void> {
    while (queue.size > 0) {
      const batch = [...queue.values()].slice(0, BATCH);
      for (const { path } of batch) queue.delete(path);
      const unknown = batch.filter((file) => entryOf(file) === undefined);
      if (unknown.length > 0) await look(unknown);
      await Promise.all(batch.map((file) => entryOf(file)?.description));
    }
    memory?.keep(verdicts());
  }

  function* verdicts(): Generator<KnownDescription> {
    for (const [path, { stamp, settled, forgetAt }] of entries) {
      if (settled !== undefined && forgetAt === undefined) yield { path, stamp, description: settled };
    }
  }

  return {
    of: async (file) => {
      const entry = entryOf(file);
      if (entry !== undefined) return entry.description;
      queue.delete(file.path);
      await look([file]);
      return entries.get(file.path)?.description ?? new Error('the file was not looked at');
    },
    known: (file) => entryOf(file)?.settled,
    lookAtAll: async (files) => {
      const unknown = files.filter((file) => entryOf(file)?.settled === undefined);
      if (unknown.length === 0) return;
      for (const file of unknown) queue.set(file.path, file);
      working ??= work().finally(() => {
        working = undefined;
      });
      await working;
    },
  };
}

/** Whether the result is temporary: it says nothing about the file's content. */
const isPassing = (found: ModelDescription | Error): boolean =>
  found instanceof EngineError && found.code === 'MODEL_UNAVAILABLE';
