import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { listBackup } from '../config/backup-list.ts';
import { makeFolder } from '../config/make-folder.ts';
import { failureAt } from '../config/path-failure.ts';
import { OperatorError } from '../contracts/operator-error.ts';
import { movePrivate, writeDraft, writePrivate } from './data-folder.ts';
import { lockFolder } from './folder-lock.ts';
import { hasSecretsOf } from './same-secret.ts';
import { joinSecrets, readSecretFile, type Secrets } from './secrets.ts';

/** The files of a data folder besides its database that cannot be created again. */
const FILES = ['secret.key', 'admin-token', 'config.json', 'mcp.json', 'backups.json'] as const;
const DATABASE = 'latchkey.db';
const BUSY_MILLISECONDS = 5000;

/** What a verified backup contains. */
export interface BackupContents {
  readonly files: readonly string[];
  readonly tokens: number;
}

/**
 * Copies a data folder into a new one: its database, and the files that cannot be created again. The copy is read back
 * before the backup counts. The caller holds the folder, or has a snapshot of its database.
 *
 * @param database the snapshot that a running server has made; the database of the folder by default
 * @param secrets those of `LATCHKEY_SECRET` and `LATCHKEY_SECRET_FORMER`, if they replace secret.key
 * @throws {OperatorError} when the target exists, a file cannot be read or written, or the copy is incomplete
 */
export function backUp(
  data: string,
  target: string,
  secrets: Secrets | undefined,
  database: string = join(data, DATABASE),
): BackupContents {
  if (!existsSync(database)) throw unusable(`${database} is not there: there is nothing to back up.`);
  requireNewFolder(target);
  makeFolder(target);
  // Before anything secret is in it: MCP servers that could read the folder are ended.
  listBackup(data, target);
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
  return inspectBackup(target, secrets);
}

/**
 * Creates a data folder from a backup, in a folder that contains none.
 *
 * @throws {ServerError} `CONFLICT` when a server holds the lock of the folder
 * @throws {OperatorError} when the backup is incomplete, or the folder contains a database or keys
 */
export function restore(source: string, data: string, secrets: Secrets | undefined): BackupContents {
  inspectBackup(source, secrets);
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
    listBackup(data, source);
    movePrivate(draft, database);
  } catch (error) {
    throw failureAt(data, error);
  }
  return inspectBackup(data, secrets);
}

/** Reads a backup from start to end. */
function inspectBackup(folder: string, given: Secrets | undefined): BackupContents {
  const path = join(folder, DATABASE);
  if (!existsSync(path)) throw unusable(`${path} is not there: ${folder} is no backup.`);
  const files = FILES.filter((name) => existsSync(join(folder, name)));
  const file = join(folder, 'secret.key');
  const secrets = given ?? (existsSync(file) ? joinSecrets(readSecretFile(file), []) : undefined);
  try {
    using database = new DatabaseSync(path, { timeout: BUSY_MILLISECONDS });
    const state = database.prepare('pragma integrity_check(1)').get()?.integrity_check;
    if (state !== 'ok') throw unusable(`${path} is damaged: ${String(state)}.`);
    const digest = database.prepare("select digest from secret_check where id = 'installation'").get()?.digest;
    if (secrets === undefined || !hasSecretsOf(String(digest), secrets)) {
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

/** @throws {OperatorError} `unusable_path` for a folder that holds something */
export function requireNewFolder(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw unusable(`${folder} is not empty. Name a folder that is not there yet.`);
  }
}

const unusable = (message: string): OperatorError => new OperatorError('unusable_path', message);

function failure(path: string, error: unknown): unknown {
  if (error instanceof OperatorError || !(error instanceof Error)) return error;
  return new OperatorError('unusable_database', `${path} cannot be used: ${error.message}.`, { cause: error });
}
