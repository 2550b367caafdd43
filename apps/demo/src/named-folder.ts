import { mkdirSync, rmSync } from 'node:fs';

/** Names that are the same in each run: a model without temperature says the same of them, and would not of random ones. */
const PATHS = ['/tmp/fox', '/tmp/teal', '/tmp/red', '/tmp/7', '/tmp/notes', '/tmp/demo'];

/** A folder of its own, which is gone when its owner is. */
export interface NamedFolder extends Disposable {
  readonly path: string;
}

/** Makes a folder under the first name that is free. Throws when none is. */
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
