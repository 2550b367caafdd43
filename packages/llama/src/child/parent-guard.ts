import { isMainThread, Worker, workerData } from 'node:worker_threads';

/** How soon a process that nobody needs any more is gone. */
const LOOK_MILLISECONDS = 500;

/**
 * Ends this process when the process that started it is gone, however that came: a thread of its own looks, so it also
 * ends a process whose main thread is stuck and hears nothing.
 */
export function guardAgainst(parent: number): void {
  new Worker(new URL(import.meta.url), { workerData: { parent }, stdin: false }).unref();
}

function isGone(parent: number): boolean {
  if (process.ppid !== parent) return true;
  try {
    // Windows gives an orphan no other parent.
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
