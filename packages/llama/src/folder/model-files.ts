import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { inParallel } from './in-parallel.ts';

/** A model file in the folder. */
export interface ModelFile {
  /** `publisher/name`; `publisher/name@variant` for each file of a repository but its first. */
  readonly key: string;
  /** Other names that a request may use for it: its variant, and its file. */
  readonly names: readonly string[];
  readonly publisher: string;
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
  /** Identifies the file and its version; it changes when the file is written or replaced. */
  readonly version: string;
  /** The version and the file's permissions; it also changes when the permissions change. */
  readonly stamp: string;
}

/** The code of a folder with models that is too many folders below its publisher's to be looked through. */
export const TOO_DEEP = 'TOO_DEEP';

/** Called with each folder and file that cannot be read, and the system's error code; and with folders too deep. */
export type OnUnreadable = (path: string, code: string) => void;

/** The publisher of a file that is not in a publisher's folder. */
const NO_PUBLISHER = 'local';
/** Repositories may have a folder for each quantization. */
const MAXIMUM_DEPTH = 3;

/** A file that may be a model, before it was read. */
interface Candidate {
  readonly key: string;
  readonly publisher: string;
  readonly path: string;
}

/**
 * Finds the models of a folder: `DIR/<publisher>/<name>.gguf` and `DIR/<publisher>/<name>/…/<file>.gguf` both have the
 * key `publisher/name`, `DIR/<name>.gguf` has the key `name`. Of several files in one repository the first by name has
 * that key, and each of them is also `publisher/name@q8_0`, after the quantization in its name, and
 * `publisher/name/<file>`. A split model is represented by its first part; projectors (`mmproj…`) are not models. A
 * folder that does not exist has no models, and one that cannot be read does not affect the others.
 */
export async function findModelFiles(
  folder: string,
  onUnreadable: OnUnreadable = () => undefined,
): Promise<readonly ModelFile[]> {
  const top = await list(folder, onUnreadable);
  const candidates = (await inParallel(top, (entry) => candidatesOf(folder, entry, onUnreadable))).flat();
  const seen = await inParallel(candidates, ({ path }) => lookAt(path, onUnreadable));
  const found = new Map<string, ModelFile>();
  for (const [index, { key, publisher, path }] of candidates.entries()) {
    const status = seen[index];
    if (!status?.isFile()) continue;
    const file = basename(path).slice(0, -EXTENSION.length);
    const names = [`${key}@${variantOf(file, basename(key))}`, `${key}/${basename(path)}`];
    const taken = [key, ...names].find((name) => !found.has(name));
    if (taken === undefined) continue;
    const others = names.filter((name) => name !== taken);
    const name = taken.slice(taken.indexOf('/') + 1);
    found.set(taken, { key: taken, names: others, publisher, name, path, ...versionOf(status) });
  }
  return [...found.values()];
}

/** The present state of a file; undefined when it no longer exists. Throws when it cannot be read. */
export async function lookAgain(file: ModelFile): Promise<ModelFile | undefined> {
  try {
    const status = await stat(file.path);
    return status.isFile() ? { ...file, ...versionOf(status) } : undefined;
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function versionOf({
  dev,
  ino,
  size,
  mtimeMs,
  ctimeMs,
}: Stats): Pick<ModelFile, 'sizeBytes' | 'modifiedAt' | 'version' | 'stamp'> {
  const version = `${dev}:${ino}:${size}:${mtimeMs}`;
  return { sizeBytes: size, modifiedAt: mtimeMs, version, stamp: `${version}:${ctimeMs}` };
}

async function candidatesOf(folder: string, entry: Dirent, onUnreadable: OnUnreadable): Promise<readonly Candidate[]> {
  const place = join(folder, entry.name);
  const alone = isGguf(entry.name) ? [{ key: withoutExtension(entry.name), publisher: NO_PUBLISHER, path: place }] : [];
  if (!(await isFolder(place, entry, onUnreadable))) return alone;
  const inside = await inParallel(await list(place, onUnreadable), async (inner): Promise<readonly Candidate[]> => {
    const path = join(place, inner.name);
    const publisher = entry.name;
    if (await isFolder(path, inner, onUnreadable)) {
      const key = `${publisher}/${inner.name}`;
      return (await modelsIn(path, onUnreadable)).map((file) => ({ key, publisher, path: file }));
    }
    return isGguf(inner.name) ? [{ key: `${publisher}/${withoutExtension(inner.name)}`, publisher, path }] : [];
  });
  return [...alone, ...inside.flat()];
}

/** The files of a repository; of a split model, only the first part. */
async function modelsIn(folder: string, onUnreadable: OnUnreadable, depth = 1): Promise<readonly string[]> {
  const paths: string[] = [];
  const seen = new Set<string>();
  for (const entry of await list(folder, onUnreadable)) {
    const path = join(folder, entry.name);
    if (isGguf(entry.name)) {
      const whole = entry.name.replace(PART, '');
      if (!seen.has(whole)) paths.push(path);
      seen.add(whole);
    } else if (await isFolder(path, entry, onUnreadable)) {
      if (depth < MAXIMUM_DEPTH) paths.push(...(await modelsIn(path, onUnreadable, depth + 1)));
      else if ((await list(path, onUnreadable)).some(({ name }) => isGguf(name))) onUnreadable(path, TOO_DEEP);
    }
  }
  return paths;
}

const EXTENSION = '.gguf';
const PART = /-\d{5}-of-\d{5}(?=\.gguf$|$)/i;
const QUANTIZATION = /(?:^|[-._])((?:UD-)?(?:I?Q\d\w*|TQ\d_\d|MXFP4\w*|BF16|FP?16|FP?32))$/i;

/** LM Studio's variant name of a file in a repository: `q4_k_m`, or the file's name where it has no quantization. */
function variantOf(file: string, repository: string): string {
  const whole = file.replace(PART, '');
  const name = QUANTIZATION.exec(whole)?.[1] ?? (whole === repository ? 'gguf' : whole);
  return name.toLowerCase();
}

const withoutExtension = (name: string): string => name.slice(0, -EXTENSION.length);

const isGguf = (name: string): boolean => name.toLowerCase().endsWith(EXTENSION) && !name.startsWith('mmproj');

/** Symbolic links count as their targets: people link models from elsewhere. */
async function isFolder(path: string, entry: Dirent, onUnreadable: OnUnreadable): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return (await lookAt(path, onUnreadable))?.isDirectory() ?? false;
}

/** Undefined for a broken link, a file removed since the folder was read, and a file that cannot be accessed. */
async function lookAt(path: string, onUnreadable: OnUnreadable): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (!isAbsence(error)) onUnreadable(path, codeOf(error));
    return undefined;
  }
}

async function list(folder: string, onUnreadable: OnUnreadable): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.name.startsWith('.')).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (!isAbsence(error)) onUnreadable(folder, codeOf(error));
    return [];
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** Whether the error means that no file exists at the path. */
const isAbsence = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'ELOOP'].includes(codeOf(error));
