import type { Repeat } from '../../src/index.ts';

/** Timers that go off when they are told to. */
export function manualRepeat() {
  const tasks = new Set<() => void>();
  const repeat: Repeat = (task) => {
    tasks.add(task);
    return () => tasks.delete(task);
  };
  return {
    repeat,
    tick() {
      for (const task of tasks) task();
    },
    running: () => tasks.size,
  };
}
