import { realpath } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { librariesOf, programPlaces } from './places.ts';

/**
 * Returns where the code of this process lies: Node, the program that it runs, this package, and their libraries. No
 * server may change what its own host runs at the next start.
 */
export async function hostCode(homes: readonly string[]): Promise<readonly string[]> {
  const [, program] = process.argv;
  const named = [fileURLToPath(import.meta.url), ...(program === undefined ? [] : [program])];
  const scripts = await Promise.all(named.map((path) => realpath(path).catch(() => undefined)));
  const code = scripts.filter((path) => path !== undefined);
  const libraries = await Promise.all(code.map((path) => librariesOf(path, homes)));
  return [...code, ...libraries.flat(), ...(await programPlaces(process.execPath, homes))];
}
