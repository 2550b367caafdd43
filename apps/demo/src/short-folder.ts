import { mkdirSync, rmSync } from 'node:fs';

/** Short paths that the nano model copies out of a question without a slip; it does not copy random names. */
const PATHS = ['/tmp/fox', '/tmp/teal', '/tmp/red', '/tmp/7', '/tmp/notes', '/tmp/demo'];

/** A folder of its own, which is gone when its owner is. */
export interface ShortFolder extends Disposable {
  readonly path: string;
}

/** Makes a folder whose path the nano model can say. Throws when all of them exist already. */
export function createShortFolder(): ShortFolder {
  const path = PATHS.find((candidate) => {
    try {
      mkdirSync(candidate, { mode: 0o700 });
      return true;
    } catch {
      return false;
    }
  });
  if (path === undefined) {
    throw new Error(
      `All of ${PATHS.join(', ')} exist already, and one is needed. Remove one that an earlier run has left.`,
    );
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
