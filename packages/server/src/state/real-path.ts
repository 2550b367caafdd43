import { lstatSync, realpathSync, type Stats, statfsSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import type { PathLookup } from '@latchkey/auth-core';
import { hasOtherSpelling, isReadOneWay } from './ambiguous-names.ts';

/**
 * Resolves a path, links included, for `within`. A file that does not exist yet is judged by its folder.
 *
 * Returns undefined for relative paths, paths with `..`, paths in `/proc` and `/dev`, dangling links, anything that is
 * neither a file nor a folder, files with several hard links (unless `hardLinks`), nonexistent names that some programs
 * would read as another path, and paths that cannot be resolved.
 */
export function resolveRealPath(path: string, { hardLinks, spend }: PathLookup): string | undefined {
  // The kernel follows a link before the `..` after it; many programs remove both before they open the path. Such a
  // path is ambiguous, so it is refused.
  if (!isAbsolute(path) || path.length > LONGEST || CONTROL.test(path) || !path.isWellFormed()) return undefined;
  const parts = path.split(SEPARATOR);
  if (parts.includes('..') || parts.length > DEEPEST) return undefined;
  // `/proc/self/cwd` is a different folder for the program that opens the path; `/dev/fd` is a link into it.
  if (OF_A_PROCESS.test(normalize(path))) return undefined;
  const real = follow(path, spend);
  return real !== undefined && isOrdinary(real, hardLinks, spend) ? real : undefined;
}

/** Linux's own limit for a path. */
const LONGEST = 4096;
const DEEPEST = 128;
/** The cost of one file system lookup, in steps of a decision. */
const STEPS_A_LOOK = 6000;

// Line ends and the like begin another path to programs that read lists of them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const SEPARATOR = /[\\/]/;
const OF_A_PROCESS = /^\/(proc|dev)(\/|$)/;
/** The type of file system that shows each process its own data (Linux, statfs(2)), wherever it is mounted. */
const PROC_MAGIC = 0x9fa0;

function follow(path: string, spend: PathLookup['spend']): string | undefined {
  spend(STEPS_A_LOOK);
  try {
    return realpathSync.native(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) return undefined;
    // The entry exists but resolves to nothing: a link whose target would be created by writing through it.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return undefined;
    const name = basename(path);
    if (!isReadOneWay(name)) return undefined;
    const folder = follow(parent, spend);
    if (folder === undefined || hasOtherSpelling(folder, name, spend)) return undefined;
    return join(folder, name);
  }
}

/** Whether a path is a regular file or a folder, and the same for every process. */
function isOrdinary(real: string, hardLinks: boolean, spend: PathLookup['spend']): boolean {
  // It may have been reached through a link.
  if (OF_A_PROCESS.test(real)) return false;
  spend(STEPS_A_LOOK);
  const stats: Stats | undefined = statSync(real, { throwIfNoEntry: false });
  if (stats === undefined) return true;
  if (!stats.isFile() && !stats.isDirectory()) return false;
  if (stats.isFile() && stats.nlink > 1 && !hardLinks) return false;
  return process.platform !== 'linux' || statfsSync(real).type !== PROC_MAGIC;
}
