import { constants } from 'node:os';

type Stop = 'SIGINT' | 'SIGTERM';

/** What a server does when the system, or its operator, tells it something. */
export interface SignalHandlers {
  /** Called once; a second signal ends the process at once. */
  stop(signal: Stop): void;
  /** Reads again what lies in files. */
  readAgain(): void;
  /** Opens the log's file again, after a program such as logrotate has moved it away. */
  reopenLog(): void;
}

export const exitCodeOf = (signal: Stop): number => 128 + constants.signals[signal];

/**
 * Listens to signals from now on, for `serve` before anything else: until there are other handlers, a signal to stop ends the
 * process at once, since nothing was promised to anybody yet. Returns what sets them.
 */
export function watchSignals(): (handlers: SignalHandlers) => void {
  let handlers: SignalHandlers = {
    stop: (signal) => process.exit(exitCodeOf(signal)),
    readAgain: () => {},
    reopenLog: () => {},
  };
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(exitCodeOf(signal));
      stopping = true;
      handlers.stop(signal);
    });
  }
  // Programs that rotate logs send one of these by habit; without a listener the second ends the process.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => handlers.reopenLog());
  // On a terminal this signal says that the terminal has gone.
  if (!process.stdin.isTTY) {
    process.on('SIGHUP', () => {
      handlers.reopenLog();
      handlers.readAgain();
    });
  }
  return (later) => {
    handlers = later;
  };
}
