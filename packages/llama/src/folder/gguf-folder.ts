import { relative, sep } from 'node:path';
import { EngineError, type Model, type ModelDescription, type ModelSource } from '@latchkey/engine';
import { notify } from '../notify.ts';
import { GgufModel } from './gguf-model.ts';
import { createModelDescriptions, type DescribeFiles, type DescriptionMemory } from './model-descriptions.ts';
import { type ModelFile, TOO_DEEP } from './model-files.ts';
import { openModelFolder, type UnreadablePlace } from './model-folder.ts';
import { removeModelFiles } from './remove-model.ts';

export interface GgufFolderOptions {
  /** A clock in milliseconds, with any origin. */
  readonly now?: () => number;
  /** How long a listing waits for the description of new files. */
  readonly patienceMilliseconds?: number;
  /** Descriptions of files from an earlier run. */
  readonly memory?: DescriptionMemory | undefined;
  /** Called once for each place that cannot be read, and again after it was readable in between. */
  readonly onUnreadable?: (place: UnreadablePlace) => void;
}

const PATIENCE_MILLISECONDS = 20_000;
/** With more files than this, only the first listing waits for descriptions, and not long: names come at once. */
const MANY_FILES = 200;
const PATIENCE_WITH_MANY_MILLISECONDS = 1000;

/** The models of a folder of GGUF files. A change in the folder takes effect within a second. */
export function openGgufFolder(
  path: string,
  describeFiles: DescribeFiles,
  { now = () => performance.now(), patienceMilliseconds, memory, onUnreadable }: GgufFolderOptions = {},
): ModelSource {
  let told = new Set<string>();
  const folder = openModelFolder(path, now, ({ unreadable }) => {
    for (const place of unreadable) if (!told.has(keyOf(place))) notify(onUnreadable, place);
    told = new Set(unreadable.map(keyOf));
  });
  const descriptions = createModelDescriptions(describeFiles, now, memory);
  const listed = new WeakMap<ModelFile, GgufModel>();
  let patienceWithMany = PATIENCE_WITH_MANY_MILLISECONDS;

  /** The same model as in the last listing while nothing has changed. */
  function modelOf(file: ModelFile, description: ModelDescription | Error): GgufModel {
    const last = listed.get(file);
    if (last?.description === description) return last;
    const model = new GgufModel(file, description);
    listed.set(file, model);
    return model;
  }

  /** Waits for descriptions for a limited time: a file may never finish. */
  async function lookPatiently(files: readonly ModelFile[]): Promise<void> {
    const looking = descriptions.lookAtAll(files);
    const usual = files.length > MANY_FILES ? patienceWithMany : PATIENCE_MILLISECONDS;
    patienceWithMany = 0;
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, patienceMilliseconds ?? usual);
    try {
      await Promise.race([looking, late.promise]);
    } finally {
      clearTimeout(timer);
      looking.catch(() => {});
    }
  }

  return {
    find: async (key) => {
      const file = await folder.find(key);
      if (file !== undefined) return new GgufModel(file, await descriptions.of(file));
      const hidden = hiding(key, path, folder.last()?.unreadable ?? []);
      if (hidden === undefined) return undefined;
      throw new EngineError(
        'MODEL_UNAVAILABLE',
        `Model '${key}' was not found, and a folder in which it could be cannot be read now (${hidden.code}).`,
        { detail: hidden.path },
      );
    },
    remove: (model) => removeModelFiles(GgufModel.pathOf(model), path),
    list: async () => {
      const { files, unreadable } = await folder.list();
      await lookPatiently(files);
      return [
        ...files.map((file) => modelOf(file, descriptions.known(file) ?? STILL_LOOKING)),
        ...unreadable.map((place) => unreadableModel(place, path)),
      ];
    },
  };
}

/** One for all files: making an error for each of ten thousand takes longer than the rest of a listing. */
const STILL_LOOKING: Error = Object.freeze(new EngineError('MODEL_UNAVAILABLE', 'it has not been read yet'));

const keyOf = ({ path, code }: UnreadablePlace): string => `${code} ${path}`;

/** The unreadable place that may contain a model that was not found. */
function hiding(key: string, folder: string, unreadable: readonly UnreadablePlace[]): UnreadablePlace | undefined {
  const publisher = key.split('/', 1)[0];
  return unreadable.find(({ path, code }) => {
    // No name leads to a model there.
    if (code === TOO_DEEP) return false;
    const [first = ''] = relative(folder, path).split(sep);
    return first === '' || first === publisher;
  });
}

const DEEP = 'its models are not found: they are more than three folders below that of their publisher; move them up';

/** The list entry for a place that cannot be read, by its name in the folder. */
function unreadableModel({ path, code }: UnreadablePlace, folder: string): Model {
  const key = relative(folder, path).split(sep).join('/') || 'the models folder';
  const description = new Error(code === TOO_DEEP ? DEEP : `it cannot be read (${code})`);
  return { key, names: [], publisher: '', name: key, sizeBytes: null, modifiedAt: 0, resident: false, description };
}
