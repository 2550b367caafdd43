import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { shellWord } from '@latchkey/auth-core/private-files';
import { OperatorError } from '../contracts/operator-error.ts';

/** The meanings of the system's error codes that occur most often. */
const MEANINGS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do that there',
  EPERM: 'this user may not do that there',
  EEXIST: 'something else is there already',
  EISDIR: 'it is a folder, not a file',
  ENOENT: 'there is nothing there',
  ENOTDIR: 'something on the way to it is a file, not a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: "this user's share of the disk is used up",
  EROFS: 'it is on a file system that can only be read',
  ELOOP: 'links lead in a circle',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open on this machine',
  EIO: 'the disk does not answer',
  EBUSY: 'it is in use, such as a file that is mounted there',
};

/** What to try, for codes that usually have one remedy. */
const REMEDIES: Readonly<Record<string, (path: string) => string>> = {
  EACCES: lookAt,
  EPERM: lookAt,
  EEXIST: () => ' Choose another path.',
  ENOTDIR: () => ' Choose another path.',
  ENOENT: () => ' Choose another path.',
  ENOSPC: (path) => ` Make room: df -h ${shellWord(path)}`,
  EROFS: () => ' Choose another path.',
};

/** Returns a hint to check the nearest existing folder: for a missing path, its permissions are what denies access. */
function lookAt(path: string): string {
  return ` Look at the owner and the mode: ls -ld ${shellWord(nearestExisting(path))}`;
}

/** Returns the path itself if it exists, and otherwise the nearest folder above it that does. */
export function nearestExisting(path: string): string {
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  return place;
}

/** Whether an error is a system error about a file or a folder. */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string';

/** Describes a system error about a path in words. */
export function describeSystemError(path: string, { code = '' }: NodeJS.ErrnoException): string {
  return `${path}: ${MEANINGS[code] ?? 'it cannot be used'} (${code}).${REMEDIES[code]?.(path) ?? ''}`;
}

/** Converts a system error about a path to an OperatorError. Other errors are returned unchanged. */
export function failureAt(path: string, error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return new OperatorError('unusable_path', describeSystemError(path, error), { cause: error });
}
