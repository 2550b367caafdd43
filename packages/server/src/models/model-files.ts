import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A model file as the folder has it. */
export interface ModelFile {
  /** `publisher/name`. */
  readonly key: string;
  readonly publisher: string;
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
}

/**
 * Finds the models of a folder: `DIR/<publisher>/<name>.gguf` and `DIR/<publisher>/<name>/<file>.gguf` both have the
 * key `publisher/name`. Of several files in one folder the first by name counts (of a split model the first part);
 * projectors (`mmproj…`) are no models. A folder that does not exist holds none.
 */
export async function findModelFiles(folder: string): Promise<readonly ModelFile[]> {
  const found = new Map<string, ModelFile>();
  for (const publisher of await list(folder)) {
    if (!(await isFolder(folder, publisher))) continue;
    const publisherFolder = join(folder, publisher.name);
    for (const entry of await list(publisherFolder)) {
      const isModelFile = isGguf(entry.name);
      const name = isModelFile ? entry.name.slice(0, -'.gguf'.length) : entry.name;
      const path = isModelFile ? join(publisherFolder, entry.name) : await firstModelIn(publisherFolder, entry);
      const key = `${publisher.name}/${name}`;
      if (path === undefined || found.has(key)) continue;
      const status = await statusOf(path);
      if (!status?.isFile()) continue;
      const { size: sizeBytes, mtimeMs: modifiedAt } = status;
      found.set(key, { key, publisher: publisher.name, name, path, sizeBytes, modifiedAt });
    }
  }
  return [...found.values()];
}

async function firstModelIn(folder: string, entry: Dirent): Promise<string | undefined> {
  if (!(await isFolder(folder, entry))) return undefined;
  const first = (await list(join(folder, entry.name))).find((file) => isGguf(file.name));
  return first && join(folder, entry.name, first.name);
}

const isGguf = (name: string): boolean => name.endsWith('.gguf') && !name.startsWith('mmproj');

/** Links count as what they point to: people link models in from elsewhere. */
async function isFolder(parent: string, entry: Dirent): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return (await statusOf(join(parent, entry.name)))?.isDirectory() ?? false;
}

/** Undefined for a link that leads nowhere, or a file that was removed since the folder was read. */
const statusOf = (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined);

async function list(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
