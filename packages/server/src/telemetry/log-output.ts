import { closeSync, fstatSync, openSync, type Stats, write, writeSync } from 'node:fs';

/** Writes bytes without waiting for them. */
export interface LogOutput {
  /** Calls back once, with the number of bytes written or with the error. */
  write(bytes: Buffer, done: (error: NodeJS.ErrnoException | undefined, written: number) => void): void;
  /** Writes as much as is possible synchronously; never throws. */
  writeAtOnce(bytes: Buffer): void;
  /** Opens the file by its name again; absent when there is no name. */
  readonly reopen?: () => void;
}

/** Opens a log file for appending. Another program may move the file away; `reopen` then creates a new one. */
export function openLogFile(path: string): LogOutput {
  let descriptor = open(path);
  let former: number[] = [];
  let writes = 0;
  /** The descriptor stays open while a write uses it, because its number could be given to another file. */
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
 * Creates an output to standard error. Node writes to a file with a blocking call, and the disk may not answer; to a
 * pipe or a socket it writes as much as there is room for and buffers the rest.
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
    // The process is ending, and there is nothing left to report the error to.
  }
}

function outputToStream(stream: NodeJS.WriteStream): LogOutput {
  // Without a listener, Node ends the process when the reader has closed the pipe.
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
