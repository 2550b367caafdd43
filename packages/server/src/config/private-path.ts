import { type Exposure, findExposure as find, type PathKind, processUser } from '@latchkey/auth-core/private-files';
import { OperatorError } from '../contracts/operator-error.ts';
import { failureAt } from './path-failure.ts';

export type { Exposure, PathKind };

/** @throws {OperatorError} `unsafe_path` when other users can change or read what is at the path */
export function requirePrivate(path: string, kind: PathKind): void {
  const exposure = findExposure(path, kind);
  if (exposure !== undefined) throw new OperatorError('unsafe_path', exposure.message);
}

/**
 * Returns how users other than this one and root could change or read a path, by the rule of auth-core.
 *
 * @throws {OperatorError} `unusable_path` when the system does not let us look
 */
export function findExposure(path: string, kind: PathKind, user = processUser()): Exposure | undefined {
  try {
    return find(path, kind, user);
  } catch (error) {
    throw failureAt(path, error);
  }
}
