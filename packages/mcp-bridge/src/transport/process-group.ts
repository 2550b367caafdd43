import { type ChildProcess, spawn } from 'node:child_process';

/** Groups that are still running. They are killed when this process exits in an orderly way without closing them. */
const living = new Set<number>();

function killLiving(): void {
  for (const pid of living) signalGroup(pid, 'SIGKILL');
}

/** Sends a signal to a child and to every process in its group; a missing group is not an error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: the group no longer exists.
  }
}

/**
 * Supervises a detached child, which leads its own process group. When the leader ends for any reason, the rest of its
 * group is killed at once, as nothing else would end it. When this process ends for any reason, the whole group is
 * killed.
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

/**
 * Waits for the end of its input, which means that the process at the other end has ended, and kills the group of $1.
 */
const GUARD = 'read -r _; kill -s KILL -- "-$1"';

/**
 * Starts a shell that outlives this process long enough to kill a group, because SIGKILL cannot be caught. It has its
 * own session, where no signal to this process's group reaches it. Without a shell, as on Windows, a group ends only by
 * being closed.
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
  // The guard must not keep this process alive: it waits for its end.
  guard.unref();
  return guard;
}
