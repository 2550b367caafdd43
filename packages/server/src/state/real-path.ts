import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

/**
 * Where a path really leads, links followed, for `within`. A file that does not exist yet is judged by its folder.
 * Refused (undefined): relative paths, paths with `..`, links that lead nowhere, and what can't be resolved.
 */
export function resolveRealPath(path: string): string | undefined {
  // The kernel follows a link before the `..` behind it, many programs strike out both before they open anything:
  // such a path leads to two places, so it leads nowhere here.
  if (!isAbsolute(path) || path.includes('\0') || path.split(/[\\/]/).includes('..')) return undefined;
  return follow(path);
}

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
