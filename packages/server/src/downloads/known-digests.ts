import { existsSync } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { placesOf } from './install-model.ts';
import { openJobFiles } from './job-files.ts';

/** A file of the models folder, and what its content has to be. */
export interface DigestedFile {
  readonly path: string;
  readonly bytes: number;
  readonly known?: KnownDigest;
}

/** A SHA-256 that was recorded when a file came here. */
export interface KnownDigest {
  /** 64 hexadecimal digits. */
  readonly sha256: string;
  readonly from: 'download' | 'name' | 'hugging face' | 'file beside it';
}

/** A file or a folder that could not be looked at. */
export interface UnseenPlace {
  readonly path: string;
  /** The system's code, e.g. `EACCES`. */
  readonly code: string;
}

const DEEPEST = 6;
const DIGEST = /^[0-9a-f]{64}$/;

/**
 * All GGUF files below a models folder in the order of their paths, parts and projectors too, each with the digest that
 * is known of it. It is known from a download of the server, from the name that the file itself has (the blobs of Ollama
 * and of Hugging Face's cache, to which links lead), from the record of Hugging Face's downloads in a folder, and from a
 * file of `sha256sum` beside it.
 *
 * @param jobs the folder of the server's downloads, which need not exist
 */
export async function findDigestedFiles(
  models: string,
  jobs: string,
  onUnseen: (place: UnseenPlace) => void,
): Promise<readonly DigestedFile[]> {
  const downloaded = digestsOfDownloads(models, jobs);
  const files: DigestedFile[] = [];
  const unseen = (path: string, error: unknown): void => {
    const { code = '' } = error as NodeJS.ErrnoException;
    // A link into nothing, and what was removed meanwhile, is no file of the folder.
    if (code !== 'ENOENT' || path === models) onUnseen({ path, code });
  };
  const look = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder).catch((error: unknown) => {
      unseen(folder, error);
      return [];
    });
    for (const name of entries.filter((entry) => !entry.startsWith('.')).sort()) {
      const path = join(folder, name);
      try {
        const status = await stat(path);
        if (status.isDirectory() && depth < DEEPEST) await look(path, depth + 1);
        if (!status.isFile() || !name.toLowerCase().endsWith('.gguf')) continue;
        const sha256 = downloaded.get(path);
        const known = sha256 === undefined ? await digestBeside(path, models) : { sha256, from: 'download' as const };
        files.push({ path, bytes: status.size, ...(known === undefined ? {} : { known }) });
      } catch (error) {
        unseen(path, error);
      }
    }
  };
  await look(models, 0);
  return files;
}

/** The digests of finished downloads, by the paths at which their files may be; the latest download of a path counts. */
function digestsOfDownloads(models: string, jobs: string): ReadonlyMap<string, string> {
  const digests = new Map<string, string>();
  if (!existsSync(jobs)) return digests;
  for (const job of openJobFiles(jobs).read()) {
    if (job.status !== 'completed') continue;
    for (const place of placesOf(models, job)) {
      for (const { name, sha256 } of job.files) {
        if (sha256 === undefined) digests.delete(join(place, name));
        else digests.set(join(place, name), sha256);
      }
    }
  }
  return digests;
}

async function digestBeside(path: string, models: string): Promise<KnownDigest | undefined> {
  const target = await realpath(path);
  const named = basename(target).replace(/^sha256[-:]/, '');
  if (DIGEST.test(named)) return { sha256: named, from: 'name' };
  const [sum = ''] = (await textOf(`${path}.sha256`)).trim().split(/\s/, 1);
  if (DIGEST.test(sum.toLowerCase())) return { sha256: sum.toLowerCase(), from: 'file beside it' };
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const record = join(folder, '.cache', 'huggingface', 'download', `${relative(folder, path)}.metadata`);
    // Its lines are the commit, the digest and the time.
    const etag = (await textOf(record)).split('\n')[1]?.trim() ?? '';
    if (DIGEST.test(etag)) return { sha256: etag, from: 'hugging face' };
    if (folder === models || folder === dirname(folder)) return undefined;
  }
}

/** Empty for what is no small file of text that can be read. */
async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    return size > MOST_CHARACTERS ? '' : await readFile(path, 'utf8');
  } catch {
    return '';
  }
}

const MOST_CHARACTERS = 4096;
