import { readdirSync, readFileSync } from 'node:fs';
import { availableMemory } from 'node:process';
import { isDatabaseMoved } from '../contracts/unexpected.ts';
import type { Logger } from '../telemetry/logger.ts';
import { FULL_BYTES, freeBytes, type SpareRoom } from './spare-room.ts';

/** A resource of the machine, and how it is judged. */
export interface Watched {
  readonly name: string;
  /** How much is left; undefined where the system does not say. */
  readonly left: () => number | undefined;
  /** Below this, it is nearly used up. */
  readonly least: number;
  /** What to do about it. */
  readonly remedy: string;
}

const LITTLE_DISK = 100_000_000;
const LITTLE_MEMORY = 200_000_000;
const FEW_DESCRIPTORS = 64;
const INTERVAL_MILLISECONDS = 10_000;

/** What a server watches while it runs: the disk of its data folder, its memory and its file descriptors. */
function watchedBy(free: () => number): readonly Watched[] {
  const limit = readDescriptorLimit();
  return [
    {
      name: 'disk of the data folder',
      left: free,
      least: LITTLE_DISK,
      remedy: 'make room on it; when it is full, only tokens can be revoked',
    },
    {
      name: 'memory',
      left: availableMemory,
      least: LITTLE_MEMORY,
      remedy: 'load fewer models (engine.keepOnlyLast), or give the server more',
    },
    {
      name: 'file descriptors',
      left: () => (limit === undefined ? undefined : limit - countDescriptors()),
      least: FEW_DESCRIPTORS,
      remedy: 'raise the limit (ulimit -n, LimitNOFILE); without any, connections are refused',
    },
  ];
}

/** Logs once when a resource is nearly used up, and once when there is enough of it again. */
export function createLookout(watched: readonly Watched[], logger: Pick<Logger, 'warn' | 'info'>): () => void {
  const low = new Set<string>();
  return () => {
    for (const { name, left, least, remedy } of watched) {
      const amount = left();
      if (amount === undefined) continue;
      if (amount < least && !low.has(name)) {
        low.add(name);
        logger.warn({ resource: name, left: amount, remedy }, `nearly used up: ${name}`);
      } else if (amount >= 2 * least && low.delete(name)) {
        logger.info({ resource: name, left: amount }, `enough again: ${name}`);
      }
    }
  };
}

/** What to watch, and where to report it. */
export interface MachineWatch {
  /** The data folder. */
  readonly folder: string;
  readonly room: SpareRoom | undefined;
  /** Rejects while the database takes no writes. */
  readonly requireWritable: () => Promise<void>;
  readonly logger: Logger;
}

/**
 * Watches the machine until it is disposed of: the disk of a folder, memory, file descriptors, and whether the file of the
 * database is still there. Takes the spare room back once there is room again.
 */
export function watchMachine({ folder, room, requireWritable, logger }: MachineWatch): Disposable {
  const free = (): number => freeBytes(folder);
  const look = createLookout(watchedBy(free), logger);
  const lookAtDatabase = createDatabaseLookout(requireWritable, logger);
  let wasFull = false;
  const tick = (): void => {
    look();
    void lookAtDatabase();
    const isFull = free() < FULL_BYTES;
    if (isFull && !wasFull) logger.error('the disk of the data folder is full: only revocations are stored');
    wasFull = isFull;
    room?.regain();
  };
  tick();
  const timer = setInterval(tick, INTERVAL_MILLISECONDS);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/**
 * Logs once when the file of the database was removed or replaced while it was open, and once when it is back. Other
 * failures are those of the requests that have them.
 */
export function createDatabaseLookout(
  requireWritable: () => Promise<void>,
  logger: Pick<Logger, 'error' | 'info'>,
): () => Promise<void> {
  let wasMoved = false;
  return async () => {
    const failure: unknown = await requireWritable().catch((error: unknown) => error);
    const isMoved = isDatabaseMoved(failure);
    if (isMoved && !wasMoved) {
      logger.error(
        { problem: (failure as Error).message },
        'the file of the database is gone: nothing is stored any more. Put it back where it was; if it was deleted, stop ' +
          'the server and restore a backup',
      );
    } else if (wasMoved && !isMoved) logger.info('the file of the database is there again');
    wasMoved = isMoved;
  };
}

/** Linux only: elsewhere the system does not say. */
function readDescriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** When none is left, the folder that lists them cannot be opened either. */
function countDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
