import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, ftruncateSync, openSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Room on the disk of a data folder that is given up, piece by piece, for what must be stored on a full disk. */
export interface SpareRoom extends Disposable {
  /** How much room there is without the spare room, in bytes. */
  free(): number;
  /** Gives up some of it when the disk has no room. To be called before an act that takes rights away. */
  provide(): void;
  /** Takes back what was given up, once there is enough room again. */
  regain(): void;
}

const PIECE = 65_536;
const WHOLE = 64 * PIECE;
/** What a revocation needs, with its entry in the audit log: some pages of each table and index, in the WAL. */
const ACT = 4 * PIECE;
/** The spare room is only taken back where this much is left besides. */
const MARGIN = 4 * WHOLE;

/** Below this, a disk counts as full. */
export const FULL_BYTES = ACT;

/** How much room the disk of a folder has for this process. */
export function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** @throws {Error} when the disk is full */
export function requireRoom(room: Pick<SpareRoom, 'free'> | undefined): void {
  if (room !== undefined && room.free() < FULL_BYTES) throw new Error('the disk of the data folder is full');
}

/**
 * Opens the spare room of a data folder, the file `spare-room`. On a disk that has less than four times its size, it is
 * a quarter of what there is. On a full disk, it gives up a piece at once, so that the server can start.
 */
export function openSpareRoom(folder: string): SpareRoom {
  const file = openSync(join(folder, 'spare-room'), 'a', 0o600);
  const free = (): number => freeBytes(folder);

  function provide(): void {
    const { size } = fstatSync(file);
    const missing = ACT - free();
    if (size > 0 && missing > 0) ftruncateSync(file, Math.max(0, size - Math.ceil(missing / PIECE) * PIECE));
  }

  /** Random bytes: a file system that compresses or leaves out zeros would keep no room for them. */
  function growTo(wanted: number): void {
    try {
      for (let { size } = fstatSync(file); size + PIECE <= wanted; size += PIECE) writeSync(file, randomBytes(PIECE));
    } catch {
      // Others have taken the room meanwhile; a later call tries again.
    }
  }

  const room: SpareRoom = {
    free,
    provide,
    regain() {
      if (free() >= WHOLE - fstatSync(file).size + MARGIN) growTo(WHOLE);
    },
    [Symbol.dispose]: () => closeSync(file),
  };
  if (fstatSync(file).size === 0) growTo(Math.min(WHOLE, free() / 4));
  provide();
  return room;
}
