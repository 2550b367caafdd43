import { execFile } from 'node:child_process';

/**
 * Notifies systemd that the server is ready or stopping, where the unit has `Type=notify`. systemd expects a datagram,
 * which Node cannot send, so `systemd-notify` sends it; the unit needs `NotifyAccess=all`.
 */
export function notifySystem(state: 'ready' | 'stopping'): void {
  if ((process.env.NOTIFY_SOCKET ?? '') === '') return;
  // Ignores errors: without the program there is no systemd that waits for the notification.
  execFile('systemd-notify', [`--${state}`], () => {});
}
