import { readdir, rmdir, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { EngineError } from '@latchkey/engine';

const PART = /-\d{5}-of-(\d{5})\.gguf$/i;

/**
 * Deletes the file of a model, or all parts of a split one, and folders that are empty then. Of a symbolic link, only
 * the link is deleted. Throws EngineError `MODEL_UNAVAILABLE` when the system does not permit it.
 */
export async function removeModelFiles(path: string, folder: string): Promise<void> {
  const place = dirname(path);
  try {
    // The first part is the model: without it, the others are none.
    for (const name of await partsOf(path)) await unlink(join(place, name));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    throw new EngineError('MODEL_UNAVAILABLE', `The files of the model cannot be deleted (${code}).`, { cause: error });
  }
  for (let empty = place; isInside(empty, folder); empty = dirname(empty)) {
    if (
      !(await rmdir(empty).then(
        () => true,
        () => false,
      ))
    )
      break;
  }
}

/** The names of the parts, the first part first. */
async function partsOf(path: string): Promise<readonly string[]> {
  const name = basename(path);
  const total = PART.exec(name)?.[1];
  if (total === undefined) return [name];
  const stem = name.replace(PART, '');
  const isPart = (other: string): boolean =>
    other.startsWith(`${stem}-`) && PART.exec(other)?.[1] === total && other.replace(PART, '') === stem;
  return (await readdir(dirname(path))).filter(isPart).sort();
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && !way.startsWith('..');
}
