import { createContext, Script } from 'node:vm';

/** Thrown by `runWithTimeLimit`: the task took too long and was interrupted. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

let sandbox: { readonly script: Script; readonly context: { task?: (() => void) | undefined } } | undefined;

/**
 * Runs a synchronous task and interrupts it after a number of milliseconds, even inside a loop. Data from a server
 * determines how long it takes to compile and check a schema. References that multiply can make that hours, on the
 * thread that serves all callers. The engine's own watchdog (`vm`, `timeout`) interrupts any script, including ours, at
 * a cost of about 0.2 ms.
 *
 * @throws TimeLimitError
 */
export function runWithTimeLimit<T>(milliseconds: number, task: () => T): T {
  let result: { value: T } | undefined;
  sandbox ??= { script: new Script('task()'), context: createContext({}) };
  sandbox.context.task = () => {
    result = { value: task() };
  };
  try {
    sandbox.script.runInContext(sandbox.context, { timeout: milliseconds });
  } catch (error) {
    if (isTimeout(error)) throw new TimeLimitError(`took more than ${milliseconds} ms`);
    throw error;
  } finally {
    sandbox.context.task = undefined;
  }
  if (result === undefined) throw new TimeLimitError('did not end');
  return result.value;
}

function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
