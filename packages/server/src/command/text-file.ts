import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CommandError } from './command-error.ts';

/** The text of a file of settings; undefined when there is none yet. @throws {CommandError} */
export function readTextFile(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new CommandError(`${file} cannot be read (${code}).`, { ending: 'machine', cause: error });
  }
}

/**
 * Replaces the file in one step, so that no reader sees half of it. A link stays a link, and the mode is preserved.
 *
 * @throws {CommandError}
 */
export function replaceTextFile(path: string, text: string): void {
  let temporary: string | undefined;
  try {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    const file = mode === undefined ? path : realpathSync(path);
    temporary = join(dirname(file), `.${basename(file)}.${randomBytes(6).toString('hex')}`);
    // A new file may later hold secrets.
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' });
    // Set afterwards, because the umask would apply to the mode at creation.
    if (mode !== undefined) chmodSync(temporary, mode & 0o777);
    renameSync(temporary, file);
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw new CommandError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`, {
      ending: 'machine',
      cause: error,
    });
  }
}
