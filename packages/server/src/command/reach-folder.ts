import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { askServer } from '@latchkey/client';
import { findServer, makeDataFolder, type RunningServer } from '../state/data-folder.ts';
import { tryLockFolder } from '../state/folder-lock.ts';
import { CommandError } from './command-error.ts';

/** Who has a data folder: a server that runs, or this command, until the lock is disposed of. */
export type FolderHolder = { readonly server: RunningServer } | { readonly lock: Disposable };

/** How long a server may take to start, and another command to end. */
const PATIENCE_MILLISECONDS = 10_000;
const PAUSE_MILLISECONDS = 100;

/**
 * Takes the lock of a data folder, or finds the server that holds it. So no command opens a database beside a running
 * server, and no server starts while a command has it open. The lock alone decides: the note of a server that crashed
 * does not count, even if another process now has its process id or port.
 *
 * @throws {CommandError} when the folder is held and its server cannot be reached
 */
export async function reachFolder(data: string): Promise<FolderHolder> {
  if (!existsSync(data)) throw noFolder(data);
  makeDataFolder(data);
  const deadline = performance.now() + PATIENCE_MILLISECONDS;
  for (;;) {
    const lock = tryLockFolder(data);
    if (lock !== undefined) return { lock };
    const server = findServer(data);
    if (server !== undefined && (await isThere(server))) return { server };
    if (performance.now() > deadline) throw unreached(data, server);
    await sleep(PAUSE_MILLISECONDS);
  }
}

/** Whether the server of the note answers, and is that server. */
async function isThere({ url, key }: RunningServer): Promise<boolean> {
  const answer = await askServer(url);
  return answer.type === 'proven' && answer.key === key;
}

export const noFolder = (data: string): CommandError =>
  new CommandError(`There is no data folder ${data}. Name another with --data.`, { ending: 'missing' });

const unreached = (data: string, server: RunningServer | undefined): CommandError =>
  server === undefined
    ? new CommandError(`Another command works on ${data}, or a server starts there. Try again in a moment.`, {
        ending: 'conflict',
      })
    : new CommandError(
        `A server holds ${data} and does not answer at ${server.url}, so that nothing was done beside it. If it runs in a ` +
          'container, run the command there; if it hangs, stop it first.',
        { ending: 'unreachable' },
      );
