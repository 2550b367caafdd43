import { execFile } from 'node:child_process';

/**
 * Reports to systemd that the server is ready, or stops, where it was started with `Type=notify`. The socket that it waits at takes
 * datagrams, which Node cannot send, so its own program sends them; the unit needs `NotifyAccess=all`.
 */
export function notifySystem(state: 'ready' | 'stopping'): void {
  if ((process.env.NOTIFY_SOCKET ?? '') === '') return;
  // Where there is no such program, nobody waits for it either.
  execFile('systemd-notify', [`--${state}`], () => {});
}
