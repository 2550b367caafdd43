import { EngineError, type ModelDescription } from '@latchkey/engine';
import { EngineProcess, type ProcessEnd } from './engine-process.ts';
import { causeOfEnd } from './process-end.ts';

/** How long describing one file may take. */
const MILLISECONDS_PER_FILE = 30_000;

/**
 * Reads the descriptions of model files, in the given order, in a process that lives only for this. A file that makes
 * that process crash, hang or run out of memory gives an Error, and the files after it are still read. When the end of
 * the process does not prove a fault in the file, the error is `MODEL_UNAVAILABLE`.
 */
export async function describeModels(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly (ModelDescription | Error)[]> {
  const descriptions: (ModelDescription | Error)[] = [];
  while (descriptions.length < paths.length) {
    signal.throwIfAborted();
    const { read, end } = await describeUntilCrash(paths.slice(descriptions.length), signal);
    descriptions.push(...read);
    signal.throwIfAborted();
    if (descriptions.length < paths.length)
      descriptions.push(...withoutAnswer(paths.length - descriptions.length, end));
  }
  return descriptions;
}

async function describeUntilCrash(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly read: readonly (ModelDescription | Error)[]; readonly end?: ProcessEnd }> {
  const descriptions: (ModelDescription | Error)[] = [];
  const { promise: over, resolve: finish } = Promise.withResolvers<ProcessEnd | undefined>();
  let timer: NodeJS.Timeout | undefined;
  const allowTimeForOneFile = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => finish(undefined), MILLISECONDS_PER_FILE);
  };
  const child = new EngineProcess({
    title: 'reading model files',
    onReport(report) {
      if (report.type !== 'description') return;
      descriptions.push(toDescription(report.description));
      if (descriptions.length === paths.length) finish(undefined);
      else allowTimeForOneFile();
    },
    onEnd: finish,
  });
  const abort = (): void => finish(undefined);
  signal.addEventListener('abort', abort, { once: true });
  allowTimeForOneFile();
  child.send({ type: 'describe', paths });
  const end = await over;
  clearTimeout(timer);
  signal.removeEventListener('abort', abort);
  child.kill();
  await child.stop();
  return { read: descriptions, ...(end === undefined ? {} : { end }) };
}

function toDescription(told: ModelDescription | string | { readonly unavailable: string }): ModelDescription | Error {
  if (typeof told === 'string') return new Error(told);
  return 'unavailable' in told ? new EngineError('MODEL_UNAVAILABLE', told.unavailable) : told;
}

/** The errors for the file at which the process ended, and for those after it when the file was not the cause. */
function withoutAnswer(count: number, end: ProcessEnd | undefined): readonly Error[] {
  const unavailable = (why: string): Error =>
    new EngineError('MODEL_UNAVAILABLE', `The file could not be looked at: ${why}.`);
  if (end === undefined) return [unavailable('reading its header took too long')];
  const cause = causeOfEnd(end);
  if (cause === undefined) return [new Error('The file could not be read as a GGUF model: reading it crashed.')];
  // A process that does not start would not start for the next file either.
  const isNotStarted = end.exitCode === null && end.signal === null;
  return Array.from({ length: isNotStarted ? count : 1 }, () => unavailable(cause));
}
