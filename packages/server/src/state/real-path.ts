import { realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';

/**
 * Where a path really leads, links followed, for `within`. A file that does not exist yet is judged by its folder;
 * relative paths and those that can't be resolved are refused (undefined).
 */
export function resolveRealPath(path: string): string | undefined {
  if (!isAbsolute(path) || path.includes('\0')) return undefined;
  try {
    return realpathSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path) return undefined;
    const name = basename(path);
    if (name === '..' || name === '.') return undefined;
    const folder = resolveRealPath(parent);
    return folder && join(folder, name);
  }
}
