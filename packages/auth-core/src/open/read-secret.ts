import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createPrivateFile } from '../private-files/private-file.ts';
import { findExposure, type PathKind } from '../private-files/private-path.ts';
import { OpenAuthError } from './open-auth-error.ts';

const SECRET_BYTES = 32;

/**
 * Reads the secret beside a database, and creates both where there is neither. A secret is never created for a database
 * that exists: it would only hide that the right one is missing.
 *
 * @throws {OpenAuthError} `unsafe_path`, `missing_secret`
 */
export function readSecret(database: string, path: string): Uint8Array {
  requireOwn(path, 'secret', 'read');
  if (!existsSync(path)) {
    const isUsed = (statSync(database, { throwIfNoEntry: false })?.size ?? 0) > 0;
    // Another process that starts at the same time creates the secret first, then the database.
    if (isUsed && !existsSync(path)) {
      throw new OpenAuthError(
        'missing_secret',
        `${path} is missing, and ${database} was made with it. Restore it; without it none of the tokens works. ` +
          'To begin again, move the database away.',
      );
    }
    createPrivateFile(path, `${randomBytes(SECRET_BYTES).toString('base64')}\n`);
    requireOwn(path, 'secret', 'read');
  }
  const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64');
  if (secret.length < SECRET_BYTES) {
    throw new OpenAuthError(
      'missing_secret',
      `${path} does not contain a secret of ${SECRET_BYTES} bytes in base64. Restore it, or remove it with the database.`,
    );
  }
  return new Uint8Array(secret);
}

/** Creates the file of a database with access for its owner only; SQLite would let all users read it. */
export function createDatabaseFile(path: string): void {
  requireOwn(path, 'file', 'write');
  if (!existsSync(path)) createPrivateFile(path, '');
}

/** Refuses a path that other users can write, or, where that matters, read. */
function requireOwn(path: string, kind: PathKind, against: 'read' | 'write'): void {
  const exposure = findExposure(path, kind);
  if (exposure !== undefined && (against === 'read' || exposure.access === 'write')) {
    throw new OpenAuthError('unsafe_path', exposure.message);
  }
}
