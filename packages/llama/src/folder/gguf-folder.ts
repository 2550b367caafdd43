import { relative, sep } from 'node:path';
import { EngineError, type Model, type ModelSource } from '@latchkey/engine';
import { GgufModel } from './gguf-model.ts';
import { createModelDescriptions, type DescribeFiles, type DescriptionMemory } from './model-descriptions.ts';
import type { ModelFile } from './model-files.ts';
import { openModelFolder, type UnreadablePlace } from './model-folder.ts';

export interface GgufFolderOptions {
  /** In milliseconds, from any beginning. */
  readonly now?: () => number;
  /** How long a listing waits for files that have not been looked at before. */
  readonly patienceMilliseconds?: number;
  /** What was known of files when a server ran before. */
  readonly memory?: DescriptionMemory | undefined;
  /** Hears once of each place that cannot be read, and again when it could be read meanwhile. */
  readonly onUnreadable?: (place: UnreadablePlace) => void;
}

const PATIENCE_MILLISECONDS = 20_000;
/** So many files are waited for once, and not long: their names come at once, and what they say of themselves later. */
const MANY_FILES = 200;
const PATIENCE_WITH_MANY_MILLISECONDS = 1000;

/** The models of a folder of GGUF files. What changes in the folder is known within a second. */
export function openGgufFolder(
  path: string,
  describeFiles: DescribeFiles,
  { now = () => performance.now(), patienceMilliseconds, memory, onUnreadable }: GgufFolderOptions = {},
): ModelSource {
  let told = new Set<string>();
  const folder = openModelFolder(path, now, ({ unreadable }) => {
    for (const place of unreadable) if (!told.has(keyOf(place))) onUnreadable?.(place);
    told = new Set(unreadable.map(keyOf));
  });
  const descriptions = createModelDescriptions(describeFiles, now, memory);
  let patienceWithMany = PATIENCE_WITH_MANY_MILLISECONDS;

  /** What files say of themselves is not waited for too long: one of them may hold what takes for ever. */
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
    list: async () => {
      const { files, unreadable } = await folder.list();
      await lookPatiently(files);
      return [
        ...files.map((file) => new GgufModel(file, descriptions.known(file) ?? stillLooking())),
        ...unreadable.map((place) => unreadableModel(place, path)),
      ];
    },
  };
}

const stillLooking = (): Error => new EngineError('MODEL_UNAVAILABLE', 'it is still being looked at');

const keyOf = ({ path, code }: UnreadablePlace): string => `${code} ${path}`;

/** A model that is not found where something could not be read may be there all the same. */
function hiding(key: string, folder: string, unreadable: readonly UnreadablePlace[]): UnreadablePlace | undefined {
  const publisher = key.split('/', 1)[0];
  return unreadable.find(({ path }) => {
    const [first = ''] = relative(folder, path).split(sep);
    return first === '' || first === publisher;
  });
}

/** How a place that cannot be read stands in a list: by its name in the folder. */
function unreadableModel({ path, code }: UnreadablePlace, folder: string): Model {
  const key = relative(folder, path).split(sep).join('/') || 'the models folder';
  const description = new Error(`it cannot be read (${code})`);
  return { key, names: [], publisher: '', name: key, sizeBytes: null, modifiedAt: 0, resident: false, description };
}
