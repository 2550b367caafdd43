import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, normalize } from 'node:path';

/**
 * Where a path really leads, links followed, for `within`. A file that does not exist yet is judged by its folder.
 * Refused (undefined): relative paths, paths with `..`, paths in `/proc` and `/dev`, links that lead nowhere, and what
 * can't be resolved.
 */
export function resolveRealPath(path: string): string | undefined {
  // The kernel follows a link before the `..` behind it, many programs strike out both before they open anything:
  // such a path leads to two places, so it leads nowhere here.
  if (!isAbsolute(path) || path.includes('\0') || path.split(/[\\/]/).includes('..')) return undefined;
  // `/proc/self/cwd` is another folder for the program that opens the path than for this one; `/dev/fd` is a link into it.
  return OF_A_PROCESS.test(normalize(path)) ? undefined : follow(path);
}

const OF_A_PROCESS = /^\/(proc|dev)(\/|$)/;

function follow(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) return undefined;
    // There is something, and it leads nowhere: a link whose target would be made by writing through it.
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return undefined;
    const folder = follow(parent);
    return folder && join(folder, basename(path));
  }
}
