import { mkdirSync, rmSync } from 'node:fs';
import type { TemporaryFolder } from './temporary-folder.ts';

/** Short paths that the nano model copies out of a question without a slip; it does not copy random names. */
const PATHS = ['/tmp/fox', '/tmp/teal', '/tmp/red', '/tmp/e2e', '/tmp/7', '/tmp/100'];

/** A new folder, the caller's alone, whose path the nano model can say. Throws when all of them exist already. */
export function createSpellableFolder(): TemporaryFolder {
  const path = PATHS.find((candidate) => {
    try {
      mkdirSync(candidate, { mode: 0o700 });
      return true;
    } catch {
      return false;
    }
  });
  if (path === undefined) throw new Error(`Remove what earlier runs have left: ${PATHS.join(' ')}`);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
