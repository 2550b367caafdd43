import type { InferenceEngine, ModelDescription } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import { findModelFiles, type ModelFile } from './model-files.ts';

/** A model that can be loaded. `description` is an Error for a file that is no readable model. */
export interface RegisteredModel {
  readonly file: ModelFile;
  readonly description: ModelDescription | Error;
}

/** Knows the models of a folder, and other names for them. What changes in the folder is known within a second. */
export interface ModelRegistry {
  /** The key that a name stands for: an alias's target, or the name itself. */
  resolve(name: string): string;
  /** The other names, each with the key that it stands for. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Throws ServerError `MODEL_NOT_FOUND`. */
  find(key: string): Promise<RegisteredModel>;
  list(): Promise<readonly RegisteredModel[]>;
}

export interface ModelRegistryOptions {
  /** In milliseconds, from any beginning. */
  readonly now?: () => number;
  /** How long a listing waits for files that have not been looked at before. */
  readonly patienceMilliseconds?: number;
}

/** The folder is looked through at most so often, however many ask. */
const SCAN_MILLISECONDS = 1000;
const PATIENCE_MILLISECONDS = 20_000;

/** @param aliases other name → model key */
export function createModelRegistry(
  folder: string,
  aliases: Readonly<Record<string, string>>,
  engine: Pick<InferenceEngine, 'describe'>,
  { now = () => performance.now(), patienceMilliseconds = PATIENCE_MILLISECONDS }: ModelRegistryOptions = {},
): ModelRegistry {
  const scan = shareScans(() => findModelFiles(folder), now);
  const known = new Map<string, { readonly stamp: string; readonly description: Promise<ModelDescription | Error> }>();

  /** Each file is looked at once for each of its versions, however many ask at the same time. */
  async function describe(files: readonly ModelFile[]): Promise<readonly RegisteredModel[]> {
    const unknown = files.filter((file) => known.get(file.path)?.stamp !== stampOf(file));
    if (unknown.length > 0) {
      const looking = engine.describe(unknown.map((file) => file.path));
      unknown.forEach((file, index) => {
        const description = looking.then((found) => found[index] ?? new Error('the file was not looked at'));
        const entry = { stamp: stampOf(file), description };
        known.set(file.path, entry);
        description.catch(() => {
          if (known.get(file.path) === entry) known.delete(file.path);
        });
      });
    }
    return Promise.all(
      files.map(async (file) => ({
        file,
        description: (await known.get(file.path)?.description) ?? new Error('the file was not looked at'),
      })),
    );
  }

  /** What files say of themselves is not waited for too long: one of them may hold what takes for ever. */
  async function describePatiently(files: readonly ModelFile[]): Promise<readonly RegisteredModel[]> {
    const late = Promise.withResolvers<Error>();
    const timer = setTimeout(() => late.resolve(new Error('it is still being looked at')), patienceMilliseconds);
    const described = describe(files);
    try {
      const inTime = files.map(async (file) => {
        const description = known.get(file.path)?.description ?? new Error('the file was not looked at');
        return { file, description: await Promise.race([description, late.promise]) };
      });
      return await Promise.race([described, Promise.all(inTime)]);
    } finally {
      clearTimeout(timer);
      described.catch(() => {});
    }
  }

  return {
    aliases,
    resolve: (name) => (Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name),
    find: async (key) => {
      const isMeant = (candidate: ModelFile): boolean => candidate.key === key || candidate.names.includes(key);
      const file = (await scan.recent()).find(isMeant) ?? (await scan.fresh()).find(isMeant);
      const [model] = file === undefined ? [] : await describe([file]);
      if (model === undefined) {
        throw new ServerError('MODEL_NOT_FOUND', `Model '${key}' is not in the models folder.`, { param: 'model' });
      }
      return model;
    },
    list: async () => describePatiently(await scan.recent()),
  };
}

interface SharedScans {
  /** What was found within the last second. */
  recent(): Promise<readonly ModelFile[]>;
  /** What is found from now on; all that ask while one runs share the one after it. */
  fresh(): Promise<readonly ModelFile[]>;
}

function shareScans(find: () => Promise<readonly ModelFile[]>, now: () => number): SharedScans {
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

const stampOf = (file: ModelFile): string => `${file.sizeBytes}:${file.modifiedAt}`;
