/** Shows progress on a terminal. */
export interface ProgressBar extends Disposable {
  show(done: number): void;
}

const WIDTH = 30;

/** Creates a progress bar on standard error. Off a terminal it shows nothing. Disposing of it clears the line. */
export function createProgressBar(
  total: number,
  unit: string,
  terminal: Pick<NodeJS.WriteStream, 'isTTY' | 'write'> = process.stderr,
): ProgressBar {
  if (!terminal.isTTY || total <= 0) return { show: () => undefined, [Symbol.dispose]: () => undefined };
  return {
    show(done) {
      const share = Math.min(1, done / total);
      const filled = Math.round(share * WIDTH);
      const bar = '█'.repeat(filled) + '░'.repeat(WIDTH - filled);
      terminal.write(`\r${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${done} of ${total} ${unit}`);
    },
    [Symbol.dispose]: () => void terminal.write('\r\u001b[K'),
  };
}
