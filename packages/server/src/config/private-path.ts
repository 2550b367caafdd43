import { existsSync, statSync } from 'node:fs';
import {
  type Exposure,
  findExposure as find,
  type PathKind,
  processUser,
  shellWord,
} from '@latchkey/auth-core/private-files';
import { OperatorError } from '../contracts/operator-error.ts';
import { failureAt } from './path-failure.ts';

export type { Exposure, PathKind };

/** @throws {OperatorError} `unsafe_path` when other users can change or read what is at the path */
export function requirePrivate(path: string, kind: PathKind): void {
  const exposure = findExposure(path, kind);
  if (exposure !== undefined) throw new OperatorError('unsafe_path', exposure.message + describeVolume(path, kind));
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

/** The files and variables by which Docker, Podman and Kubernetes can be recognised. */
const CONTAINER_FILES = ['/.dockerenv', '/run/.containerenv'];

/** A new volume belongs to root, and in its container nothing can give it away: the command for that, or nothing. */
function describeVolume(path: string, kind: PathKind): string {
  const user = processUser();
  const isContainer =
    CONTAINER_FILES.some((file) => existsSync(file)) || process.env.KUBERNETES_SERVICE_HOST !== undefined;
  if (kind !== 'folder' || !isContainer || user === undefined || user.uid === 0) return '';
  if (statSync(path, { throwIfNoEntry: false })?.uid !== 0) return '';
  const place = shellWord(path);
  return (
    ` (in a container, once: docker run --rm --user 0 --entrypoint chown -v VOLUME:${place} IMAGE ${user.uid} ${place} ; ` +
    'in Kubernetes, the same chown in an init container)'
  );
}
