import { createContext, Script } from 'node:vm';

/** Thrown by `runWithTimeLimit`: the task took too long and was ended where it was. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

let sandbox: { readonly script: Script; readonly context: { task?: (() => void) | undefined } } | undefined;

/**
 * Runs a synchronous task and ends it after so many milliseconds, even in the middle of a loop. What servers send decides
 * how long compiling and checking a schema takes; references that multiply can make that hours, on the thread that
 * serves everybody. The engine's own watchdog (`vm`, `timeout`) ends any script, ours included, at the price of
 * about 0.2 ms.
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
