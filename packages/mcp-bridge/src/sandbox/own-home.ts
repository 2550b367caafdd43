import { homedir } from 'node:os';

/** The home folder of this process; undefined where there is none: no HOME, and no entry in the system's list of users. */
export function findOwnHome(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
