import type { ModelDescription } from '@latchkey/engine';
import { EngineProcess } from './engine-process.ts';

/** A file that takes longer than this to describe itself is given up on. */
const MILLISECONDS_PER_FILE = 30_000;

/**
 * Reads what model files say of themselves, in the order given, in a process that lives only so long. A file that
 * makes that process crash, hang or run out of memory gives an Error, and the files after it are still read.
 */
export async function describeModels(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly (ModelDescription | Error)[]> {
  const descriptions: (ModelDescription | Error)[] = [];
  while (descriptions.length < paths.length) {
    signal.throwIfAborted();
    const read = await describeUntilCrash(paths.slice(descriptions.length), signal);
    descriptions.push(...read);
    signal.throwIfAborted();
    if (descriptions.length < paths.length) {
      descriptions.push(new Error('The file could not be read as a GGUF model: reading it crashed or took too long.'));
    }
  }
  return descriptions;
}

async function describeUntilCrash(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<readonly (ModelDescription | Error)[]> {
  const descriptions: (ModelDescription | Error)[] = [];
  const { promise: over, resolve: finish } = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  const allowTimeForOneFile = (): void => {
    clearTimeout(timer);
    timer = setTimeout(finish, MILLISECONDS_PER_FILE);
  };
  const child = new EngineProcess({
    title: 'reading model files',
    onReport(report) {
      if (report.type !== 'description') return;
      descriptions.push(typeof report.description === 'string' ? new Error(report.description) : report.description);
      if (descriptions.length === paths.length) finish();
      else allowTimeForOneFile();
    },
    onEnd: () => finish(),
  });
  const abort = (): void => finish();
  signal.addEventListener('abort', abort, { once: true });
  allowTimeForOneFile();
  child.send({ type: 'describe', paths });
  await over;
  clearTimeout(timer);
  signal.removeEventListener('abort', abort);
  child.kill();
  await child.stop();
  return descriptions;
}
