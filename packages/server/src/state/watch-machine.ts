import { readdirSync, readFileSync } from 'node:fs';
import { availableMemory } from 'node:process';
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
        logger.warn({ resource: name, left: amount, remedy }, `the ${name} is nearly used up`);
      } else if (amount >= 2 * least && low.delete(name)) {
        logger.info({ resource: name, left: amount }, `there is enough of the ${name} again`);
      }
    }
  };
}

/** Watches the machine until it is disposed of: the disk of a folder, memory and file descriptors. Takes the spare room back
 * once there is room again. */
export function watchMachine(folder: string, room: SpareRoom | undefined, logger: Logger): Disposable {
  const free = (): number => freeBytes(folder);
  const look = createLookout(watchedBy(free), logger);
  let wasFull = false;
  const tick = (): void => {
    look();
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
