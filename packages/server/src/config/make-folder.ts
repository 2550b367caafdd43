import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { OperatorError } from '../contracts/operator-error.ts';
import { failureAt } from './path-failure.ts';

/**
 * Makes a folder, and those above it, with access for the owner only (mode 0700). A folder that exists stays as it is.
 * The function walks up from the folder once and down once, because a recursive `mkdir` never returns where the system
 * makes no folders, as below /proc.
 *
 * @throws {OperatorError} `unusable_path`
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let place = resolve(path); !isFolder(place); place = dirname(place)) missing.push(place);
  for (const place of missing.reverse()) {
    try {
      mkdirSync(place, { mode: 0o700 });
    } catch (error) {
      // When two processes start at once, only one of them makes the folder.
      if (!isFolder(place)) throw failureAt(place, error);
    }
  }
}

function isFolder(path: string): boolean {
  let stats: ReturnType<typeof statSync>;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw failureAt(path, error);
  }
  if (stats === undefined || stats.isDirectory()) return stats !== undefined;
  throw new OperatorError('unusable_path', `${path} is a file, not a folder. Choose another path.`);
}
