import { type ChildProcess, spawn } from 'node:child_process';

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
 * left behind in its group is killed at once: a grandchild that nobody talks to any more has no business running. When
 * this process is gone, however that came, the whole group is.
 */
export function superviseGroup(child: ChildProcess): void {
  const pid = child.pid;
  if (pid === undefined) return;
  if (living.size === 0) process.on('exit', killLiving);
  living.add(pid);
  const guard = startGuard(pid);
  child.once('exit', () => {
    signalGroup(pid, 'SIGKILL');
    guard?.kill('SIGKILL');
    living.delete(pid);
    if (living.size === 0) process.off('exit', killLiving);
  });
}

/** Waits for the end of its input, which is the end of whoever holds the other end, and kills the group of $1. */
const GUARD = 'read -r _; kill -s KILL -- "-$1"';

/**
 * Starts a shell that outlives this process for as long as it takes to kill a group: nobody can catch SIGKILL. It is in a
 * session of its own, where no signal to this process's group reaches it. Without a shell, as on Windows, a group
 * ends by being closed only.
 */
function startGuard(pid: number): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const guard = spawn('/bin/sh', ['-c', GUARD, 'mcp-guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
    cwd: '/',
    detached: true,
  });
  guard.on('error', () => {});
  guard.stdin?.on('error', () => {});
  // This process may end while the guard waits for exactly that.
  guard.unref();
  return guard;
}
