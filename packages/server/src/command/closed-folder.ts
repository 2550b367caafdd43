import { existsSync } from 'node:fs';
import { askServer, type Environment } from '@latchkey/client';
import { makeFolder } from '../config/make-folder.ts';
import { findServer, type RunningServer } from '../state/data-folder.ts';
import { isFolderLocked } from '../state/folder-lock.ts';
import type { ConnectionFlags } from './connection.ts';

/** A data folder on which no server runs. */
export interface ClosedFolder {
  readonly data: string;
  readonly environment: Environment;
}

/**
 * Returns the data folder of `--data` when no server runs on it, so that the command works on the database itself. The
 * note that a crashed server left does not count, even if another process now has its process id or port.
 */
export async function findClosedFolder({ data, url, profile }: ConnectionFlags): Promise<string | undefined> {
  if (data === undefined || url !== undefined || profile !== undefined) return undefined;
  if (existsSync(data) && isFolderLocked(data)) return undefined;
  const running = findServer(data);
  return running === undefined || (await isGone(running)) ? data : undefined;
}

/** Whether the server is gone. A process that exists but does not answer in time may be busy and counts as running. */
async function isGone({ url, key }: RunningServer): Promise<boolean> {
  const answer = await askServer(url);
  if (answer.type === 'unreachable') return !(answer.cause instanceof DOMException);
  return answer.type === 'unproven' || answer.key !== key;
}

/** Makes the data folder if it does not exist, for commands that may run before the first start of its server. */
export async function makeClosedFolder(flags: ConnectionFlags): Promise<void> {
  const data = await findClosedFolder(flags);
  if (data !== undefined) makeFolder(data);
}
