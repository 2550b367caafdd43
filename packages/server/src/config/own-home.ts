import { homedir } from 'node:os';
import { isAbsolute } from 'node:path';

/** The home folder of this process; undefined where there is none: no HOME, and no entry in the system's list of users. */
export function findOwnHome(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}
