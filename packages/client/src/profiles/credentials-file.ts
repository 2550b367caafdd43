import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Environment, homeFolder } from '../environment.ts';
import { ConfigurationError } from '../errors.ts';

/**
 * The file that profiles are kept in: `~/.latchkey/credentials`.
 *
 * @example
 * ```ts
 * import { credentialsFile } from '@latchkey/client';
 *
 * console.log(credentialsFile({ HOME: '/home/ada' })); // /home/ada/.latchkey/credentials
 * ```
 */
export function credentialsFile(environment: Environment = process.env): string {
  return join(homeFolder(environment), '.latchkey', 'credentials');
}

/**
 * Reads the file; undefined when there is none. The checks are of the file that was opened, so that nobody can put
 * another one in its place in between.
 *
 * @throws {ConfigurationError} `unsafe_profiles` when others can read it or it is another user's
 */
export function readCredentials(path: string): string | undefined {
  let file: number;
  try {
    // Without O_NONBLOCK a pipe in place of the file would wait for its writer. Windows has neither.
    file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigurationError('unsafe_profiles', `${path} can't be read (${code}).`, { cause: error });
  }
  try {
    const problem = problemOf(fstatSync(file), path);
    if (problem !== undefined) throw new ConfigurationError('unsafe_profiles', `${path} ${problem}`);
    return readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function problemOf(stats: Stats, path: string): string | undefined {
  if (!stats.isFile()) return 'is no file.';
  // Windows has no such modes, and no such users.
  if (process.platform === 'win32') return undefined;
  if (stats.uid !== process.getuid?.()) return 'belongs to another user. Make one of your own.';
  if ((stats.mode & 0o077) !== 0) return `can be read by others. Make it yours alone: chmod 600 ${path}`;
  return undefined;
}

/** Writes the file in one step. At no moment can others read it, and a crash leaves the old one or the new one. */
export function writeCredentials(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const target = realPathOf(path);
  const draft = `${target}.${randomBytes(6).toString('hex')}`;
  try {
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Some people keep their settings elsewhere and link to them; the link stays. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
