import { lstatSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FoundModel } from './found.ts';
import type { Item } from './item.ts';

/**
 * Links models into the models folder; files are neither copied nor moved. What is there already stays as it is.
 *
 * @param isDry only says what would become of each
 */
export function linkModels(models: readonly FoundModel[], folder: string, isDry: boolean): readonly Item[] {
  return models.map(({ key, path, isFolder }): Item => {
    const place = join(folder, isFolder ? key : `${key}.gguf`);
    const item = { what: 'model', name: key } as const;
    if (isThere(place)) return { ...item, outcome: 'there already' };
    try {
      const target = realpathSync(path);
      if (!isDry) {
        mkdirSync(dirname(place), { recursive: true });
        // A link to a folder needs no rights on Windows when it is a junction.
        symlinkSync(target, place, isFolder ? 'junction' : 'file');
      }
      return { ...item, outcome: 'taken' };
    } catch (error) {
      return { ...item, outcome: 'left out', note: `it cannot be linked (${(error as NodeJS.ErrnoException).code})` };
    }
  });
}

const isThere = (place: string): boolean => lstatSync(place, { throwIfNoEntry: false }) !== undefined;
