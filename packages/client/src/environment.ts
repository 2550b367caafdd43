import { homedir } from 'node:os';

/** Variables by name, as in `process.env`. An empty one counts as absent. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The first of these variables that is set. */
export function readVariable(environment: Environment, ...names: readonly string[]): string | undefined {
  return names.map((name) => environment[name]).find((value) => value !== undefined && value !== '');
}

export function homeFolder(environment: Environment): string {
  return readVariable(environment, process.platform === 'win32' ? 'USERPROFILE' : 'HOME') ?? homedir();
}
