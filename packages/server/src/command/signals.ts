import { constants } from 'node:os';

type Stop = 'SIGINT' | 'SIGTERM';

/** What a server does on each signal of the system or its operator. */
export interface SignalHandlers {
  /** Called once; a second signal ends the process at once. */
  stop(signal: Stop): void;
  /** Reads the files again. */
  readAgain(): void;
  /** Opens the log's file again, after a program such as logrotate has moved it away. */
  reopenLog(): void;
}

export const exitCodeOf = (signal: Stop): number => 128 + constants.signals[signal];

/**
 * Listens for signals from now on; `serve` calls it first. Until handlers are set, a stop signal ends the process at
 * once, since no request has been accepted yet. Returns the function that sets the handlers.
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
  // Log rotation programs commonly send one of these. Without a listener, SIGUSR2 ends the process.
  for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) process.on(signal, () => handlers.reopenLog());
  // On a terminal, SIGHUP means that the terminal was closed.
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
