import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ConfigError } from './config-error.ts';

/** The home folder of this process; undefined where there is none: no HOME, and no entry in the system's list of users. */
export function findOwnHome(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The same, for a setting that needs it.
 *
 * @param toName what else the operator can name
 * @throws {ConfigError} where there is no home folder
 */
export function requireOwnHome(toName: string): string {
  const home = findOwnHome();
  if (home !== undefined) return home;
  throw new ConfigError(`There is no home folder: set HOME, or name ${toName}.`);
}

/** The default data folder. Throws ConfigError where there is no home folder. */
export const defaultDataFolder = (): string =>
  join(requireOwnHome('the data folder with --data or LATCHKEY_DATA'), '.latchkey');
