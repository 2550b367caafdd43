import type { Environment } from '@latchkey/client';
import { makeFolder } from '../config/make-folder.ts';
import type { ConnectionFlags } from './connection.ts';
import { reachFolder } from './reach-folder.ts';

/** A data folder on which no server runs. */
export interface ClosedFolder {
  readonly data: string;
  readonly environment: Environment;
}

/**
 * Returns the data folder of `--data` when no server runs on it, so that the command works on the database itself; `owner`
 * then has the lock of the folder.
 */
export async function findClosedFolder(
  { data, url, profile }: ConnectionFlags,
  owner: AsyncDisposableStack,
): Promise<string | undefined> {
  if (data === undefined || url !== undefined || profile !== undefined) return undefined;
  const holder = await reachFolder(data);
  if ('server' in holder) return undefined;
  owner.use(holder.lock);
  return data;
}

/** Makes the data folder if it does not exist, for commands that may run before the first start of its server. */
export function makeClosedFolder({ data, url, profile }: ConnectionFlags): void {
  if (data !== undefined && url === undefined && profile === undefined) makeFolder(data);
}
