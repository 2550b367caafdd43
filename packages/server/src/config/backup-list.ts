import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { OperatorError } from '../contracts/operator-error.ts';
import { list } from '../input/bounded.ts';
import { failureAt } from './path-failure.ts';

/** More backups than anyone keeps: older ones that still exist are hidden as well. */
const MAXIMUM_BACKUPS = 10_000;
const folders = list(z.string().max(4096), MAXIMUM_BACKUPS);

/** The file in a data folder that lists where its backups are. */
export const backupListFile = (data: string): string => join(data, 'backups.json');

/**
 * Returns the folders that contain backups of a data folder.
 *
 * @throws {OperatorError} `unusable_path` when the list cannot be read, or is not one
 */
export function readBackupList(data: string): readonly string[] {
  const file = backupListFile(data);
  if (!existsSync(file)) return [];
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw failureAt(file, error);
  }
  const read = folders.safeParse(parse(text));
  if (read.success) return read.data;
  throw new OperatorError(
    'unusable_path',
    `${file} is not a list of folders, so that it is not known which backups to hide from MCP servers: correct it, or remove it.`,
  );
}

/**
 * Lists a backup in its data folder, so that MCP servers do not see it. Backups that are gone leave the list. The file is
 * replaced in one step, which ends the servers that see a new place.
 *
 * @throws {OperatorError} `unusable_path`
 */
export function listBackup(data: string, folder: string): void {
  const file = backupListFile(data);
  const known = readBackupList(data).filter((path) => existsSync(path));
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    const listed = [...new Set([...known, realpathSync(folder)])];
    writeFileSync(draft, `${JSON.stringify(listed, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(draft, file);
  } catch (error) {
    throw failureAt(file, error);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
