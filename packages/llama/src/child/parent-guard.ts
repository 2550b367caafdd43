import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** How often to check whether the parent process still exists. */
const LOOK_MILLISECONDS = 500;

/**
 * Ends this process when its parent process has ended, for any reason. A separate thread checks this, so it also works
 * when the main thread is stuck.
 */
export function guardAgainst(parent: number): void {
  new Worker(new URL(import.meta.url), { workerData: { parent }, stdin: false }).unref();
}

function isGone(parent: number): boolean {
  if (process.ppid !== parent) return true;
  try {
    // Windows does not give an orphan a new parent.
    process.kill(parent, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

if (!isMainThread) {
  const { parent } = workerData as { readonly parent: number };
  setInterval(() => {
    if (isGone(parent)) process.kill(process.pid, 'SIGKILL');
  }, LOOK_MILLISECONDS);
}
