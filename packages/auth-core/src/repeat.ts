/** Runs a task repeatedly, at an interval in milliseconds. Returns a function that stops it. */
export type Repeat = (task: () => void, milliseconds: number) => () => void;

/** The platform's own timer. It does not keep the process alive. */
export const systemRepeat: Repeat = (task, milliseconds) => {
  const timer = setInterval(task, milliseconds);
  // In browsers and similar runtimes, a timer is a number.
  (timer as { unref?: () => void }).unref?.();
  return () => clearInterval(timer);
};
