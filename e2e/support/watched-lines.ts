import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** How long to wait for a line: less than the time limit of a test, so that a failure shows the other lines. */
const PATIENCE_MILLISECONDS = 60_000;

/** The lines that a process has printed, and a function that waits for one. */
export interface WatchedLines {
  readonly lines: readonly string[];
  /** The first line, past or future, that `matches`. Rejects when the output, or a minute, ends without one. */
  find(matches: (line: string) => boolean): Promise<string>;
}

export function watchLines(stream: Readable): WatchedLines {
  const lines: string[] = [];
  const waiting = new Set<{ readonly take: (line: string) => boolean; readonly fail: () => void }>();
  const reader = createInterface({ input: stream });
  let ended = false;
  reader.on('line', (line) => {
    lines.push(line);
    for (const waiter of waiting) if (waiter.take(line)) waiting.delete(waiter);
  });
  reader.on('close', () => {
    ended = true;
    for (const { fail } of waiting) fail();
  });
  return {
    lines,
    find: (matches) =>
      new Promise((resolve, reject) => {
        const take = (line: string): boolean => {
          if (!matches(line)) return false;
          clearTimeout(timer);
          resolve(line);
          return true;
        };
        const fail = (): void => {
          clearTimeout(timer);
          reject(new Error(`The line never came. What came:\n${lines.join('\n')}`));
        };
        const timer = setTimeout(fail, PATIENCE_MILLISECONDS);
        if (lines.some(take)) return;
        if (ended) fail();
        else waiting.add({ take, fail });
      }),
  };
}
