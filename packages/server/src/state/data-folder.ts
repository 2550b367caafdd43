import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPrivateFile } from '@latchkey/auth-core/private-files';
import { makeFolder } from '../config/make-folder.ts';
import { failureAt } from '../config/path-failure.ts';
import { requirePrivate } from '../config/private-path.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import { type EarlierHmacKey, givenEarlierHmacKey } from './earlier-keys.ts';
import { isFolderLocked } from './folder-lock.ts';
import {
  formatSecrets,
  givenFormerSecrets,
  givenSecret,
  joinSecrets,
  makeNewSecret,
  readSecretFile,
  type Secrets,
} from './secrets.ts';

/** The paths in a data folder, and its secret. */
export interface DataFolder {
  readonly path: string;
  readonly database: string;
  readonly adminToken: string;
  /** Written while a server runs on the folder; commands use it to find the server. */
  readonly serverFile: string;
  /** The keys that token digests are made with: 32 bytes or more each, kept outside the database. */
  readonly secrets: Secrets;
  /** What an earlier system has hashed its keys with, if any were imported. */
  readonly earlierHmacKey?: EarlierHmacKey;
  /** Removes a secret that was just created, when it turns out that the database is used with another one. */
  forgetNewSecret(): void;
}

/** The address of a running server. */
export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  /** The public key with which it proves its identity, see `createServerIdentity`. */
  readonly key: string;
  /** Names this run of the server, see `sealOperatorRequest`. */
  readonly run: string;
}

/**
 * Creates a data folder if it does not exist (mode 0700).
 *
 * @throws {OperatorError} `unsafe_path` when other users can read or change it, `unusable_path` for a system error
 */
export function makeDataFolder(path: string): void {
  // Checked before anything is created: a user that can write a folder above it could replace the data folder.
  requirePrivate(path, 'folder');
  makeFolder(path);
  requirePrivate(path, 'folder');
}

/**
 * Opens a data folder. Creates it (mode 0700) and its secret (mode 0600) if they are missing. `LATCHKEY_SECRET`, at
 * least 32 characters, replaces the file. Former secrets follow in the lines of the file, and in those of
 * `LATCHKEY_SECRET_FORMER`.
 *
 * @throws {OperatorError} `unsafe_path` when other users can read or change the folder or the secret, `missing_secret`
 * when the folder has a database and no secret, `unusable_path` for a system error
 */
export function openDataFolder(path: string, environment: Readonly<Record<string, string | undefined>>): DataFolder {
  makeDataFolder(path);
  const database = join(path, 'latchkey.db');
  return {
    path,
    database,
    adminToken: join(path, 'admin-token'),
    serverFile: join(path, 'server.json'),
    earlierHmacKey: givenEarlierHmacKey(environment),
    ...openSecrets(join(path, 'secret.key'), database, environment),
  };
}

/** Reads the secrets of an existing data folder, or of the environment. */
export function readSecrets(folder: string, environment: Readonly<Record<string, string | undefined>>): Secrets {
  return openSecrets(join(folder, 'secret.key'), join(folder, 'latchkey.db'), environment).secrets;
}

function openSecrets(
  path: string,
  database: string,
  environment: Readonly<Record<string, string | undefined>>,
): Pick<DataFolder, 'secrets' | 'forgetNewSecret'> {
  const former = givenFormerSecrets(environment);
  const given = givenSecret(environment);
  if (given !== undefined) return { secrets: joinSecrets([given], former), forgetNewSecret: () => undefined };
  try {
    const isNew = !existsSync(path);
    if (isNew) makeSecret(path, database);
    requirePrivate(path, 'secret');
    return {
      secrets: joinSecrets(readSecretFile(path), former),
      forgetNewSecret: () => {
        if (isNew) rmSync(path, { force: true });
      },
    };
  } catch (error) {
    throw failureAt(path, error);
  }
}

/** Refuses to create a secret beside an existing database: it would only hide that the right one is missing. */
function makeSecret(path: string, database: string): void {
  const hasDatabase = (statSync(database, { throwIfNoEntry: false })?.size ?? 0) > 0;
  // Another process that starts at the same time creates the secret first, then the database.
  if (hasDatabase && !existsSync(path)) {
    throw new OperatorError(
      'missing_secret',
      `${path} is missing, and ${database} was made with it. Restore secret.key, or set LATCHKEY_SECRET if the server ` +
        'had that; without it none of the tokens works. To begin again, move the database away.',
    );
  }
  createPrivateFile(path, formatSecrets([makeNewSecret()]));
}

/** Writes a file that only its owner can access. It never has the mode of a file that it replaces. */
export function writePrivate(path: string, text: string): void {
  const draft = writeDraft(path, text);
  try {
    movePrivate(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw failureAt(path, error);
  }
}

/** Moves a draft to its final path in one step. */
export function movePrivate(draft: string, path: string): void {
  renameSync(draft, path);
}

/** Writes a text to a draft beside its final path, and returns the path of the draft. Only the owner can read it. */
export function writeDraft(path: string, text: string): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    throw failureAt(draft, error);
  }
  return draft;
}

/** Records the address of the server in the folder; returns a function that removes the record. */
export function announceServer(folder: DataFolder, server: RunningServer): () => void {
  writePrivate(folder.serverFile, `${JSON.stringify(server)}\n`);
  return () => {
    if (findServer(folder.path)?.pid === server.pid) rmSync(folder.serverFile, { force: true });
  };
}

/**
 * Returns the server that should be running on a data folder. There must be a note of it there, and either a process
 * with its process id, or a lock on the folder: in a container the server has another process id.
 */
export function findServer(path: string): RunningServer | undefined {
  try {
    const text = readFileSync(join(path, 'server.json'), 'utf8');
    const { url, pid, key, run = '' } = JSON.parse(text) as Partial<RunningServer>;
    if (typeof url !== 'string' || typeof pid !== 'number' || typeof key !== 'string') return undefined;
    return isAlive(pid) || isFolderLocked(path) ? { url, pid, key, run } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
