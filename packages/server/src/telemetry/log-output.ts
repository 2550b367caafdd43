import { closeSync, fstatSync, openSync, type Stats, write, writeSync } from 'node:fs';

/** Writes bytes without waiting for them. */
export interface LogOutput {
  /** Calls back once, with the number of bytes that were taken or with what went wrong. */
  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | undefined, written: number) => void): void;
  /** As far as it can be done at once, and without an error. */
  writeAtOnce(bytes: Buffer): void;
  /** Opens the file by its name again; absent where there is no name. */
  readonly reopen?: () => void;
}

/** A file of a log, which is added to. Another program may move it away; `reopen` makes one in its place. */
export function openLogFile(path: string): LogOutput {
  let descriptor = open(path);
  let former: number[] = [];
  let writes = 0;
  /** While something is written its number must not become another file's. */
  const closeFormer = (): void => {
    if (writes > 0) return;
    for (const closed of former) closeSync(closed);
    former = [];
  };
  return {
    write: (bytes, done) => {
      writes += 1;
      write(descriptor, bytes, (error, written) => {
        writes -= 1;
        closeFormer();
        done(error ?? undefined, written);
      });
    },
    writeAtOnce: (bytes) => writeOrLose(descriptor, bytes),
    reopen: () => {
      const before = descriptor;
      descriptor = open(path);
      former.push(before);
      closeFormer();
    },
  };
}

/**
 * Standard error. Node writes to a file with a call that waits for the disk, and the disk may not answer; to a pipe or a socket
 * it writes what there is room for and keeps the rest.
 */
export function standardError(): LogOutput {
  if (!isFile(2)) return outputToStream(process.stderr);
  return {
    write: (bytes, done) => write(2, bytes, (error, written) => done(error ?? undefined, written)),
    writeAtOnce: (bytes) => writeOrLose(2, bytes),
  };
}

function writeOrLose(descriptor: number, bytes: Buffer): void {
  try {
    writeSync(descriptor, bytes);
  } catch {
    // The process ends: there is nothing left to report it to.
  }
}

function outputToStream(stream: NodeJS.WriteStream): LogOutput {
  // Without a listener Node ends the process when the reader has gone.
  stream.on('error', () => {});
  return {
    write: (bytes, done) => {
      stream.write(bytes, (error) => done(error ?? undefined, bytes.length));
    },
    writeAtOnce: (bytes) => {
      stream.write(bytes);
    },
  };
}

const open = (path: string): number => openSync(path, 'a', 0o600);

function isFile(descriptor: number): boolean {
  let stats: Stats;
  try {
    stats = fstatSync(descriptor);
  } catch {
    return false;
  }
  return stats.isFile() || stats.isCharacterDevice();
}
