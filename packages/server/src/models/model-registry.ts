import type { InferenceEngine, ModelDescription } from '../contracts/inference-engine.ts';
import { ServerError } from '../contracts/server-error.ts';
import { findModelFiles, type ModelFile } from './model-files.ts';

/** A model that can be loaded. `description` is an Error for a file that is no readable model. */
export interface RegisteredModel {
  readonly file: ModelFile;
  readonly description: ModelDescription | Error;
}

/** Knows the models of a folder, which it looks through at each question, and other names for them. */
export interface ModelRegistry {
  /** The key that a name stands for: an alias's target, or the name itself. */
  resolve(name: string): string;
  /** The other names, each with the key that it stands for. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Throws ServerError `MODEL_NOT_FOUND`. */
  find(key: string): Promise<RegisteredModel>;
  list(): Promise<readonly RegisteredModel[]>;
}

/** @param aliases other name → model key */
export function createModelRegistry(
  folder: string,
  aliases: Readonly<Record<string, string>>,
  engine: Pick<InferenceEngine, 'describe'>,
): ModelRegistry {
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

  return {
    aliases,
    resolve: (name) => (Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name),
    find: async (key) => {
      const file = (await findModelFiles(folder)).find(
        (candidate) => candidate.key === key || candidate.names.includes(key),
      );
      const [model] = file === undefined ? [] : await describe([file]);
      if (model === undefined) {
        throw new ServerError('MODEL_NOT_FOUND', `Model '${key}' is not in the models folder.`, { param: 'model' });
      }
      return model;
    },
    list: async () => describe(await findModelFiles(folder)),
  };
}

const stampOf = (file: ModelFile): string => `${file.sizeBytes}:${file.modifiedAt}`;
