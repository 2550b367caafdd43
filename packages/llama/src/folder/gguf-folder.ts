import type { Model, ModelDescription, ModelSource } from '@latchkey/engine';
import { GgufModel } from './gguf-model.ts';
import { findModelFiles, type ModelFile } from './model-files.ts';
import { shareScans } from './shared-scans.ts';

export interface GgufFolderOptions {
  /** In milliseconds, from any beginning. */
  readonly now?: () => number;
  /** How long a listing waits for files that have not been looked at before. */
  readonly patienceMilliseconds?: number;
}

/** Reads what files say of themselves, in the order given; a file that is no model gives an Error. */
type DescribeFiles = (paths: readonly string[]) => Promise<readonly (ModelDescription | Error)[]>;

const PATIENCE_MILLISECONDS = 20_000;

/** The models of a folder of GGUF files. What changes in the folder is known within a second. */
export function openGgufFolder(
  folder: string,
  describeFiles: DescribeFiles,
  { now = () => performance.now(), patienceMilliseconds = PATIENCE_MILLISECONDS }: GgufFolderOptions = {},
): ModelSource {
  const scan = shareScans(() => findModelFiles(folder), now);
  const known = new Map<string, { readonly stamp: string; readonly description: Promise<ModelDescription | Error> }>();

  const descriptionOf = async (file: ModelFile): Promise<ModelDescription | Error> =>
    (await known.get(file.path)?.description) ?? new Error('the file was not looked at');

  /** Each file is looked at once for each of its versions, however many ask at the same time. */
  async function describe(files: readonly ModelFile[]): Promise<readonly Model[]> {
    const unknown = files.filter((file) => known.get(file.path)?.stamp !== stampOf(file));
    if (unknown.length > 0) {
      const looking = describeFiles(unknown.map((file) => file.path));
      unknown.forEach((file, index) => {
        const description = looking.then((found) => found[index] ?? new Error('the file was not looked at'));
        const entry = { stamp: stampOf(file), description };
        known.set(file.path, entry);
        description.catch(() => {
          if (known.get(file.path) === entry) known.delete(file.path);
        });
      });
    }
    return Promise.all(files.map(async (file) => new GgufModel(file, await descriptionOf(file))));
  }

  /** What files say of themselves is not waited for too long: one of them may hold what takes for ever. */
  async function describePatiently(files: readonly ModelFile[]): Promise<readonly Model[]> {
    const late = Promise.withResolvers<Error>();
    const timer = setTimeout(() => late.resolve(new Error('it is still being looked at')), patienceMilliseconds);
    const described = describe(files);
    try {
      const inTime = files.map(
        async (file) => new GgufModel(file, await Promise.race([descriptionOf(file), late.promise])),
      );
      return await Promise.race([described, Promise.all(inTime)]);
    } finally {
      clearTimeout(timer);
      described.catch(() => {});
    }
  }

  return {
    find: async (key) => {
      const isMeant = (candidate: ModelFile): boolean => candidate.key === key || candidate.names.includes(key);
      const file = (await scan.recent()).find(isMeant) ?? (await scan.fresh()).find(isMeant);
      return file === undefined ? undefined : (await describe([file]))[0];
    },
    list: async () => describePatiently(await scan.recent()),
    problems: async () => {
      const problems: string[] = [];
      await findModelFiles(folder, (path, code) => problems.push(`${path} cannot be read (${code})`));
      return problems;
    },
  };
}

const stampOf = (file: ModelFile): string => `${file.sizeBytes}:${file.modifiedAt}`;
