import { guardAgainst } from '../src/child/parent-guard.ts';

/** A process whose main thread is in the middle of something that never ends, and hears nothing. */
guardAgainst(process.ppid);
process.send?.(process.pid, () => {
  for (;;);
});
