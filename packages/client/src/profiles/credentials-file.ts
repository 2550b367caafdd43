import type { Stats } from 'node:fs';
import { type Environment, findHomeFolder, homeFolder, processEnvironment, readVariable } from '../environment.ts';
import { ConfigurationError } from '../errors.ts';
import { findNodeModule, nodeModule } from '../node-modules.ts';

/** A variable that names the profiles file, for example one mounted into a container. */
const VARIABLE = 'LATCHKEY_CREDENTIALS';

/**
 * The file that profiles are kept in: what `LATCHKEY_CREDENTIALS` names, or `~/.latchkey/credentials`.
 *
 * @throws {ConfigurationError} `no_home` when there is neither
 * @example
 * ```ts
 * import { credentialsFile } from '@latchkey/client';
 *
 * console.log(credentialsFile({ HOME: '/home/ada' })); // /home/ada/.latchkey/credentials
 * ```
 */
export function credentialsFile(environment: Environment = processEnvironment()): string {
  const named = readVariable(environment, VARIABLE);
  return named ?? nodeModule('node:path').join(homeFolder(environment), '.latchkey', 'credentials');
}

/** The text of the file; undefined when there is no such file, no home folder, or no file system. */
export function findCredentials(environment: Environment): string | undefined {
  if (findNodeModule('node:fs') === undefined) return undefined;
  const named = readVariable(environment, VARIABLE);
  if (named === undefined && findHomeFolder(environment) === undefined) return undefined;
  const text = readCredentials(credentialsFile(environment), named !== undefined);
  if (text === undefined && named !== undefined) {
    throw new ConfigurationError('unsafe_profiles', `${VARIABLE} names ${named}, which is not there.`);
  }
  return text;
}

/**
 * The text of a file; undefined when there is none. The checks apply to the opened file, so it cannot be replaced
 * between the check and the read.
 *
 * @param isNamed a variable names it: then its group may read it and root may own it, as when Kubernetes mounts a
 *   secret
 * @throws {ConfigurationError} `unsafe_profiles` when other users can read it, write to its folder, or own it
 */
export function readCredentials(path: string, isNamed: boolean): string | undefined {
  const fs = nodeModule('node:fs');
  let file: number;
  try {
    // Without O_NONBLOCK, opening a pipe in place of the file would wait for its writer. Windows has neither.
    file = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw unusable(path, 'read', error);
  }
  try {
    const problem = problemOfFile(fs.fstatSync(file), path, isNamed) ?? (isNamed ? undefined : problemOfFolder(path));
    if (problem !== undefined) throw new ConfigurationError('unsafe_profiles', problem);
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(fs.readFileSync(file));
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    if (!(error instanceof TypeError)) throw unusable(path, 'read', error);
    throw new ConfigurationError('invalid_profiles', `${path} is not UTF-8. Save it as UTF-8.`);
  } finally {
    fs.closeSync(file);
  }
}

// Windows has no POSIX file modes and user ids.
const hasModes = (): boolean => process.platform !== 'win32';

function problemOfFile(stats: Stats, path: string, isNamed: boolean): string | undefined {
  if (!stats.isFile()) return `${path} is no file.`;
  if (!hasModes()) return undefined;
  if (stats.uid !== process.getuid?.() && !(isNamed && stats.uid === 0)) {
    return `${path} belongs to another user. Make one of your own.`;
  }
  const closed = isNamed ? 0o037 : 0o077;
  if ((stats.mode & closed) !== 0) return `${path} can be read by others. Make it yours alone: chmod 600 ${path}`;
  return undefined;
}

/** Users who can write to the folder could replace the file. */
function problemOfFolder(path: string): string | undefined {
  if (!hasModes()) return undefined;
  const folder = nodeModule('node:path').dirname(path);
  const stats = nodeModule('node:fs').statSync(folder);
  if (stats.uid !== process.getuid?.() && stats.uid !== 0) return `${folder} belongs to another user.`;
  if ((stats.mode & 0o022) !== 0) return `${folder} can be written by others. Make it yours alone: chmod 700 ${folder}`;
  return undefined;
}

/**
 * Creates the folder and checks whether the file can be written, before a person is asked for a token.
 *
 * @throws {ConfigurationError} `unsafe_profiles`
 */
export function prepareFolder(path: string): void {
  const fs = nodeModule('node:fs');
  const folder = nodeModule('node:path').dirname(path);
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    fs.accessSync(nodeModule('node:path').dirname(realPathOf(path)), fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw unusable(path, 'written', error);
  }
  const problem = problemOfFolder(path);
  if (problem !== undefined) throw new ConfigurationError('unsafe_profiles', problem);
}

/** Writes the file atomically. Others can never read it, and a crash leaves either the old file or the new one. */
export function writeCredentials(path: string, text: string): void {
  const fs = nodeModule('node:fs');
  const target = realPathOf(path);
  const draft = `${target}.${nodeModule('node:crypto').randomBytes(6).toString('hex')}`;
  try {
    const file = fs.openSync(draft, 'wx', 0o600);
    try {
      fs.writeFileSync(file, text);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(draft, target);
  } catch (error) {
    fs.rmSync(draft, { force: true });
    throw unusable(path, 'written', error);
  }
}

/** Follows symbolic links, so that a link to settings kept elsewhere is preserved, even if its target is missing. */
export function realPathOf(path: string): string {
  const fs = nodeModule('node:fs');
  const { dirname, resolve } = nodeModule('node:path');
  let target = path;
  for (let step = 0; step < 40; step += 1) {
    try {
      target = resolve(dirname(target), fs.readlinkSync(target));
    } catch {
      return target;
    }
  }
  throw new ConfigurationError('unsafe_profiles', `${path} is a link that leads in a circle.`);
}

function unusable(path: string, what: 'read' | 'written', error: unknown): ConfigurationError {
  const { code } = error as NodeJS.ErrnoException;
  return new ConfigurationError('unsafe_profiles', `${path} cannot be ${what} (${code}).`, { cause: error });
}
