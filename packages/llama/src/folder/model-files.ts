import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** A model file as the folder has it. */
export interface ModelFile {
  /** `publisher/name`; `publisher/name@variant` for each file of a repository but its first. */
  readonly key: string;
  /** Other names by which a request may mean it: its variant, and its file. */
  readonly names: readonly string[];
  readonly publisher: string;
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
}

/** Hears of each folder that cannot be read, and why. */
export type OnUnreadable = (path: string, code: string) => void;

/** Whose a file is that lies in no publisher's folder. */
const NO_PUBLISHER = 'local';
/** Repositories may have a folder for each quantization. */
const MAXIMUM_DEPTH = 3;

/**
 * Finds the models of a folder: `DIR/<publisher>/<name>.gguf` and `DIR/<publisher>/<name>/…/<file>.gguf` both have the key
 * `publisher/name`, `DIR/<name>.gguf` has the key `name`. Of several files in one repository the first by name has that
 * key, and each of them is `publisher/name@q8_0`, after the quantization in its name, and `publisher/name/<file>`. A split
 * model is its first part; projectors (`mmproj…`) are no models. A folder that does not exist holds none.
 */
export async function findModelFiles(
  folder: string,
  onUnreadable: OnUnreadable = () => undefined,
): Promise<readonly ModelFile[]> {
  const found = new Map<string, ModelFile>();
  const add = async (key: string, publisher: string, path: string): Promise<void> => {
    const status = await statusOf(path);
    if (!status?.isFile()) return;
    const file = basename(path).slice(0, -EXTENSION.length);
    const names = [`${key}@${variantOf(file, basename(key))}`, `${key}/${basename(path)}`];
    const taken = [key, ...names].find((name) => !found.has(name));
    if (taken === undefined) return;
    const { size: sizeBytes, mtimeMs: modifiedAt } = status;
    const others = names.filter((name) => name !== taken);
    const name = taken.slice(taken.indexOf('/') + 1);
    found.set(taken, { key: taken, names: others, publisher, name, path, sizeBytes, modifiedAt });
  };

  for (const publisher of await list(folder, onUnreadable)) {
    const place = join(folder, publisher.name);
    if (isGguf(publisher.name)) await add(withoutExtension(publisher.name), NO_PUBLISHER, place);
    if (!(await isFolder(folder, publisher))) continue;
    for (const entry of await list(place, onUnreadable)) {
      const path = join(place, entry.name);
      if (await isFolder(place, entry)) {
        for (const file of await modelsIn(path, onUnreadable))
          await add(`${publisher.name}/${entry.name}`, publisher.name, file);
      } else if (isGguf(entry.name)) {
        await add(`${publisher.name}/${withoutExtension(entry.name)}`, publisher.name, path);
      }
    }
  }
  return [...found.values()];
}

/** The files of a repository, of a split model the first part. */
async function modelsIn(folder: string, onUnreadable: OnUnreadable, depth = 1): Promise<readonly string[]> {
  const paths: string[] = [];
  const seen = new Set<string>();
  for (const entry of await list(folder, onUnreadable)) {
    const path = join(folder, entry.name);
    if (isGguf(entry.name)) {
      const whole = entry.name.replace(PART, '');
      if (!seen.has(whole)) paths.push(path);
      seen.add(whole);
    } else if (depth < MAXIMUM_DEPTH && (await isFolder(folder, entry))) {
      paths.push(...(await modelsIn(path, onUnreadable, depth + 1)));
    }
  }
  return paths;
}

const EXTENSION = '.gguf';
const PART = /-\d{5}-of-\d{5}(?=\.gguf$|$)/i;
const QUANTIZATION = /(?:^|[-._])((?:UD-)?(?:I?Q\d\w*|TQ\d_\d|MXFP4\w*|BF16|FP?16|FP?32))$/i;

/** How LM Studio tells the files of a repository apart: `q4_k_m`; the name itself where it has no quantization. */
function variantOf(file: string, repository: string): string {
  const whole = file.replace(PART, '');
  const name = QUANTIZATION.exec(whole)?.[1] ?? (whole === repository ? 'gguf' : whole);
  return name.toLowerCase();
}

const withoutExtension = (name: string): string => name.slice(0, -EXTENSION.length);

const isGguf = (name: string): boolean => name.toLowerCase().endsWith(EXTENSION) && !name.startsWith('mmproj');

/** Links count as what they point to: people link models in from elsewhere. */
async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return (await statusOf(join(parent, entry.name)))?.isDirectory() ?? false;
}

/** Undefined for a link that leads nowhere, or a file that was removed since the folder was read. */
const statusOf = (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined);

async function list(folder: string, onUnreadable: OnUnreadable): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') onUnreadable(folder, code);
    return [];
  }
}
