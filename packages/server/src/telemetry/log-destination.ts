import type { LogOutput } from './log-output.ts';

export interface LogDestinationOptions {
  readonly output: LogOutput;
  /** The line that says how many others are missing. */
  readonly describeLoss: (count: number) => string;
  /** How much may wait, in characters. */
  readonly capacity?: number;
}

/** Where the lines of a log go. */
export interface LogDestination {
  /** Never waits and never throws. */
  write(line: string): void;
  /** Opens the file by its name again, when there is one; what waits goes there. Throws when that fails, and goes on as before. */
  reopen(): void;
  /** Resolves when nothing waits any more, or when that has taken too long. */
  flush(milliseconds: number): Promise<void>;
  /** Hands over what waits while the process ends, as far as that can be done at once. */
  flushAtExit(): void;
}

const CAPACITY = 4 * 1024 * 1024;
/** One write has so much at most: what of it fails is kept. */
const CHUNK = 64 * 1024;
/** When a full disk or a pipe without room is tried again. */
const RETRY_MILLISECONDS = 250;
/** Passing troubles, which the next try may not meet. All others mean that nothing reads what is written. */
const PASSING = new Set([
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EFBIG',
  'EINTR',
  'EIO',
  'ENOBUFS',
  'ENOSPC',
  'ESTALE',
  'ETIMEDOUT',
]);

/**
 * A log that never stops its server: lines are written in the background, so many wait for a disk that is full or a reader that
 * stands still, and the rest is dropped and counted.
 */
export function createLogDestination({
  output,
  describeLoss,
  capacity = CAPACITY,
}: LogDestinationOptions): LogDestination {
  let waiting: string[] = [];
  let size = 0;
  let lost = 0;
  let isWriting = false;
  let isGone = false;
  let rest: Buffer | undefined;
  let whenEmpty: (() => void)[] = [];

  const write = (line: string): void => {
    if (isGone) return;
    if (size + line.length > capacity) {
      lost += 1;
      return;
    }
    waiting.push(line);
    size += line.length;
    advance();
  };

  function next(): Buffer | undefined {
    if (rest !== undefined) return rest;
    if (waiting.length === 0) return undefined;
    let length = 0;
    const taken = waiting.findIndex((line) => {
      length += line.length;
      return length > CHUNK;
    });
    const lines = waiting.splice(0, taken === -1 ? waiting.length : Math.max(taken, 1));
    const text = lines.join('');
    size -= text.length;
    return Buffer.from(text);
  }

  function advance(): void {
    if (isWriting) return;
    const bytes = next();
    if (bytes === undefined) {
      if (lost > 0) {
        const line = describeLoss(lost);
        lost = 0;
        write(line);
        return;
      }
      for (const resolve of whenEmpty.splice(0)) resolve();
      return;
    }
    isWriting = true;
    rest = bytes;
    output.write(bytes, (error, written) => {
      if (error === undefined) {
        rest = written < bytes.length ? bytes.subarray(written) : undefined;
        isWriting = false;
        advance();
      } else if (PASSING.has(error.code ?? '')) {
        setTimeout(() => {
          isWriting = false;
          advance();
        }, RETRY_MILLISECONDS).unref();
      } else {
        giveUp();
      }
    });
  }

  /** Nothing will read it: a pipe without a reader, a descriptor that was closed. */
  function giveUp(): void {
    isGone = true;
    isWriting = false;
    waiting = [];
    size = 0;
    rest = undefined;
    for (const resolve of whenEmpty.splice(0)) resolve();
  }

  return {
    write,
    reopen: () => {
      output.reopen?.();
      isGone = false;
    },
    flush: async (milliseconds) => {
      if (isGone || (!isWriting && waiting.length === 0)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      whenEmpty.push(resolve);
      await promise;
      clearTimeout(timer);
      whenEmpty = whenEmpty.filter((waits) => waits !== resolve);
    },
    flushAtExit: () => {
      // What is being written is written while the process ends.
      if (waiting.length > 0 && !isGone) output.writeAtOnce(Buffer.from(waiting.splice(0).join('')));
    },
  };
}
