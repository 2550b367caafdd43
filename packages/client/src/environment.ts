import { ConfigurationError } from './errors.ts';
import { findNodeModule } from './node-modules.ts';

/** Variables by name, as in `process.env`. An empty or blank value counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of this process; none in a browser. */
export const processEnvironment = (): Environment => globalThis.process?.env ?? {};

export function readVariable(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value.trim() === '' ? undefined : value;
}

/**
 * The user's home folder; undefined where there is none, such as for a user without an entry in the system's user list.
 */
export function findHomeFolder(environment: Environment): string | undefined {
  const named = readVariable(environment, globalThis.process?.platform === 'win32' ? 'USERPROFILE' : 'HOME');
  if (named !== undefined) return named;
  try {
    return findNodeModule('node:os')?.homedir() || undefined;
  } catch {
    return undefined;
  }
}

/** @throws {ConfigurationError} `no_home` */
export function homeFolder(environment: Environment): string {
  const home = findHomeFolder(environment);
  if (home !== undefined) return home;
  throw new ConfigurationError(
    'no_home',
    'There is no home folder to keep profiles in. Set HOME, or name the file in LATCHKEY_CREDENTIALS.',
  );
}
