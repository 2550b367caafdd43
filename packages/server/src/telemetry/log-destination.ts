import type { LogOutput } from './log-output.ts';

export interface LogDestinationOptions {
  readonly output: LogOutput;
  /** Returns the line that reports how many lines were lost. */
  readonly describeLoss: (count: number) => string;
  /** The most characters that may be waiting. */
  readonly capacity?: number;
}

/** The destination of log lines. */
export interface LogDestination {
  /** Never waits and never throws. */
  write(line: string): void;
  /**
   * Opens the file by its name again, if it has one; waiting lines are written to the new file. Throws when that fails,
   * and keeps the old file.
   */
  reopen(): void;
  /** Resolves when all waiting lines are written, or after the timeout. */
  flush(milliseconds: number): Promise<void>;
  /** Writes waiting lines while the process ends, as far as that is possible synchronously. */
  flushAtExit(): void;
}

const CAPACITY = 4 * 1024 * 1024;
/** The size of one write; the part of it that fails is kept. */
const CHUNK = 64 * 1024;
/** How soon a write is tried again after a full disk or a full pipe. */
const RETRY_MILLISECONDS = 250;
/** Temporary errors, which may not occur on the next try. All others mean that nothing reads the output. */
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
 * A log that never blocks its server. Lines are written in the background; a limited number waits for a full disk or a
 * slow reader, and the rest is dropped and counted.
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

  /** Gives up: the output will never be read, as with a pipe without a reader or a closed descriptor. */
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
      // A write in progress finishes while the process ends.
      if (waiting.length > 0 && !isGone) output.writeAtOnce(Buffer.from(waiting.splice(0).join('')));
    },
  };
}
