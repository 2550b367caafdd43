import { createHmac, timingSafeEqual } from 'node:crypto';
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../config/make-folder.ts';
import { failureAt } from '../config/path-failure.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import { movePrivate, writeDraft, writePrivate } from './data-folder.ts';
import { lockFolder } from './folder-lock.ts';
import { secretDigest } from './same-secret.ts';

/** The files of a data folder besides its database that cannot be created again. */
const FILES = ['secret.key', 'admin-token', 'config.json', 'mcp.json'] as const;
const DATABASE = 'latchkey.db';
const BUSY_MILLISECONDS = 5000;

/** What a verified backup contains. */
export interface BackupContents {
  readonly files: readonly string[];
  readonly tokens: number;
}

/**
 * Copies a data folder into a new one: a consistent snapshot of its database, even while its server runs, and the files
 * that cannot be created again. The copy is read back before the backup counts.
 *
 * @param secret the value of `LATCHKEY_SECRET`, if that replaces secret.key
 * @throws {OperatorError} when the target exists, a file cannot be read or written, or the copy is incomplete
 */
export function backUp(data: string, target: string, secret: Uint8Array | undefined): BackupContents {
  const database = join(data, DATABASE);
  if (!existsSync(database)) throw unusable(`${database} is not there: there is nothing to back up.`);
  requireEmpty(target);
  makeFolder(target);
  const copy = join(target, DATABASE);
  // Created with its final mode; SQLite then fills it.
  movePrivate(writeDraft(copy, ''), copy);
  try {
    using source = new DatabaseSync(database, { readOnly: true, timeout: BUSY_MILLISECONDS });
    source.prepare('vacuum into ?').run(copy);
  } catch (error) {
    throw failure(database, error);
  }
  copyFiles(data, target);
  return inspectBackup(target, secret);
}

/**
 * Creates a data folder from a backup, in a folder that contains none.
 *
 * @throws {ServerError} `CONFLICT` when a server holds the lock of the folder
 * @throws {OperatorError} when the backup is incomplete, or the folder contains a database or keys
 */
export function restore(source: string, data: string, secret: Uint8Array | undefined): BackupContents {
  inspectBackup(source, secret);
  makeFolder(data);
  using _lock = lockFolder(data);
  const there = [DATABASE, ...FILES].find((name) => existsSync(join(data, name)));
  if (there !== undefined) {
    throw unusable(`${join(data, there)} is there already. Move it away, or name another folder with --data.`);
  }
  const database = join(data, DATABASE);
  try {
    const draft = writeDraft(database, '');
    copyFileSync(join(source, DATABASE), draft);
    copyFiles(source, data);
    movePrivate(draft, database);
  } catch (error) {
    throw failureAt(data, error);
  }
  return inspectBackup(data, secret);
}

/** Reads a backup from start to end. */
function inspectBackup(folder: string, given: Uint8Array | undefined): BackupContents {
  const path = join(folder, DATABASE);
  if (!existsSync(path)) throw unusable(`${path} is not there: ${folder} is no backup.`);
  const files = FILES.filter((name) => existsSync(join(folder, name)));
  const secret = given ?? (files.includes('secret.key') ? readSecret(join(folder, 'secret.key')) : undefined);
  try {
    using database = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS });
    const state = database.prepare('pragma integrity_check(1)').get()?.integrity_check;
    if (state !== 'ok') throw unusable(`${path} is damaged: ${String(state)}.`);
    const digest = database.prepare("select digest from secret_check where id = 'installation'").get()?.digest;
    if (secret === undefined || !isSame(String(digest), secretDigest(secret))) {
      throw unusable(
        `${path} was made with another secret than the one beside it: none of its tokens would work. Where LATCHKEY_SECRET ` +
          'takes the place of secret.key, give that.',
      );
    }
    const tokens = Number(database.prepare('select count(*) as count from tokens').get()?.count);
    return { files: [DATABASE, ...files], tokens };
  } catch (error) {
    throw failure(path, error);
  }
}

function copyFiles(from: string, to: string): void {
  for (const name of FILES) {
    const path = join(from, name);
    if (existsSync(path)) writePrivate(join(to, name), readFileSync(path, 'utf8'));
  }
}

const readSecret = (path: string): Uint8Array => Buffer.from(readFileSync(path, 'utf8').trim(), 'base64');

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHmac('sha256', 'backup').update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

function requireEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw unusable(`${folder} is not empty. Name a folder that is not there yet.`);
  }
}

const unusable = (message: string): OperatorError => new OperatorError('unusable_path', message);

function failure(path: string, error: unknown): unknown {
  if (error instanceof OperatorError || !(error instanceof Error)) return error;
  return new OperatorError('unusable_database', `${path} cannot be used: ${error.message}.`, { cause: error });
}
