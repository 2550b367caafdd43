import { mkdirSync, rmSync } from 'node:fs';

/** The same names in each run: at temperature 0, a model's answers about them are then the same, too. */
const PATHS = ['/tmp/fox', '/tmp/teal', '/tmp/red', '/tmp/7', '/tmp/notes', '/tmp/demo'];

/** A folder that is removed when this is disposed. */
export interface NamedFolder extends Disposable {
  readonly path: string;
}

/** Makes a folder under the first free name. Throws when none is free. */
export function createNamedFolder(): NamedFolder {
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
