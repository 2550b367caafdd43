import { access, constants, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';

/** Why a server could not be started, in words that are safe to show. */
export const noCommand = 'its command was not found, or cannot be run';
export const noFolder = 'its working folder ("cwd") was not found';

/**
 * Finds the file of a command by the program's own PATH, as `execvp` does; undefined when there is no executable file.
 */
export async function findProgram(command: string, path: string, folder: string): Promise<string | undefined> {
  const candidates = command.includes('/')
    ? [resolve(folder, command)]
    : path.split(delimiter).map((entry) => join(resolve(folder, entry), command));
  for (const candidate of candidates) if (await canRun(candidate)) return candidate;
  return undefined;
}

async function canRun(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
