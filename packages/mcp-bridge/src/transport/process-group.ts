import type { ChildProcess } from 'node:child_process';
import type { ProcessLedger } from './process-ledger.ts';

/** Groups that are still alive, killed when this process ends in an orderly way without having closed them. */
const living = new Set<number>();

function killLiving(): void {
  for (const pid of living) signalGroup(pid, 'SIGKILL');
}

/** Sends a signal to a child and to everything it started in its group; a group that is gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: nothing is left of the group.
  }
}

/**
 * Watches over a detached child, which leads its own process group. When the leader is gone, however that came, what it
 * left behind in its group is killed at once: a grandchild that nobody talks to any more has no business running.
 *
 * @param ledger where it is noted for as long as it lives
 */
export function superviseGroup(child: ChildProcess, ledger?: ProcessLedger): void {
  const pid = child.pid;
  if (pid === undefined) return;
  if (living.size === 0) process.on('exit', killLiving);
  living.add(pid);
  let forget = (): void => {};
  child.once('exit', () => {
    signalGroup(pid, 'SIGKILL');
    living.delete(pid);
    forget();
    if (living.size === 0) process.off('exit', killLiving);
  });
  if (ledger !== undefined) forget = ledger.note(pid);
}
