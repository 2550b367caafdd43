import type { ModelFile } from './model-files.ts';

/** The folder is looked through at most so often, however many ask. */
const SCAN_MILLISECONDS = 1000;

/** Looks through a folder at most once a second, however many ask. */
export interface SharedScans {
  /** What was found within the last second. */
  recent(): Promise<readonly ModelFile[]>;
  /** What is found from now on; all that ask while one runs share the one after it. */
  fresh(): Promise<readonly ModelFile[]>;
}

export function shareScans(find: () => Promise<readonly ModelFile[]>, now: () => number): SharedScans {
  let last: { readonly startedAt: number; readonly files: Promise<readonly ModelFile[]> } | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let waiting: Promise<readonly ModelFile[]> | undefined;
  const fresh = (): Promise<readonly ModelFile[]> => {
    waiting ??= running.then(() => {
      waiting = undefined;
      const files = find();
      last = { startedAt: now(), files };
      running = files.catch(() => undefined);
      return files;
    });
    return waiting;
  };
  const recent = async (): Promise<readonly ModelFile[]> =>
    last !== undefined && now() - last.startedAt < SCAN_MILLISECONDS ? last.files : fresh();
  return { fresh, recent };
}
