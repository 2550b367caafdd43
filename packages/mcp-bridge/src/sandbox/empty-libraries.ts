import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { follow, isWithinAny } from './trail.ts';

/** Scripts whose libraries are looked for in each folder above them. */
const nodeScript = /\.[cm]?[jt]sx?$/;

/**
 * Returns the folders in which Node looks for libraries of other servers' scripts, within the folders that a server
 * writes, and makes those that do not exist: the server could otherwise put a library there that a script finds. Only a
 * folder that exists can be kept as it is.
 *
 * @param code scripts, and places that no server changes
 */
export async function emptyLibraries(code: readonly string[], writable: readonly string[]): Promise<readonly string[]> {
  const libraries = new Set<string>();
  for (const named of code) {
    const path = nodeScript.test(named) ? (await follow(named))?.path : undefined;
    if (path === undefined) continue;
    for (let folder = dirname(path); isWithinAny(folder, writable); folder = dirname(folder)) {
      if (!isWithinAny(folder, code)) libraries.add(join(folder, 'node_modules'));
      if (folder === '/') break;
    }
  }
  // Where this user may make no folder, neither may the server.
  for (const path of libraries) await mkdir(path).catch(() => {});
  return [...libraries];
}
