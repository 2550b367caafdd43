import { execFile } from 'node:child_process';
import { OperatorError } from '../contracts/operator-error.ts';

/** The variables that systemd gives to a service. They are about this process, and not for those that it starts. */
type SystemEnvironment = Record<string, string | undefined>;

/** The first descriptor that systemd passes; see sd_listen_fds(3). */
const FIRST_DESCRIPTOR = 3;
const MOST_DESCRIPTORS = 16;
/** Linux counts processes up to here. */
const PROCESS = /^[1-9]\d{0,9}$/;

/**
 * Notifies systemd, where the unit has `Type=notify`. systemd expects a datagram, which Node cannot send, so
 * `systemd-notify` sends it; the unit needs `NotifyAccess=all`.
 */
export function notifySystem(message: 'READY=1' | 'STOPPING=1' | 'WATCHDOG=1'): void {
  if ((process.env.NOTIFY_SOCKET ?? '') === '') return;
  // Ignores errors: without the program there is no systemd that waits for the notification.
  execFile('systemd-notify', [message], () => {});
}

/**
 * Reports at half of the unit's `WatchdogSec` that the process still does its work: its event loop turns. When it does
 * not, systemd ends it. Does nothing where systemd has not asked this process for it.
 */
export function keepWatchdog({ WATCHDOG_USEC: time = '', WATCHDOG_PID: asked }: SystemEnvironment, pid: number): void {
  if (!PROCESS.test(time) || (asked !== undefined && asked !== String(pid))) return;
  setInterval(() => notifySystem('WATCHDOG=1'), Number(time) / 2000).unref();
}

/**
 * Takes the descriptors of the sockets that systemd has opened for this process (socket activation), and their variables
 * out of the environment. Returns none where they are for another process.
 *
 * @throws {OperatorError} `invalid_configuration` when their number is not one
 */
export function takeInherited(environment: SystemEnvironment, pid: number): readonly number[] {
  const { LISTEN_FDS: count, LISTEN_PID: asked } = environment;
  if (count === undefined || asked !== String(pid)) return [];
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES']) delete environment[name];
  const many = PROCESS.test(count) ? Number(count) : 0;
  if (many < 1 || many > MOST_DESCRIPTORS) {
    throw new OperatorError(
      'invalid_configuration',
      `LISTEN_FDS: expected the number of sockets, from 1 to ${MOST_DESCRIPTORS}. systemd sets it; unset it to listen on a port.`,
    );
  }
  return Array.from({ length: many }, (_, index) => FIRST_DESCRIPTOR + index);
}
