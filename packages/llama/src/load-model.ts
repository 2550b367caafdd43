import { EngineError } from '@latchkey/engine';
import { EngineProcess, SILENCE_MILLISECONDS } from './engine-process.ts';
import { LoadedLlamaModel } from './loaded-llama-model.ts';
import type { EngineLogger } from './logger.ts';
import { notify } from './notify.ts';
import { describeEnd, loadErrorOf } from './process-end.ts';
import type { LoadCommand } from './protocol.ts';
import { fromTransportedError } from './transported-error.ts';

/** The server-side dependencies of loading a model. */
export interface LoadListeners {
  readonly logger: EngineLogger;
  readonly onProgress: ((progress: number) => void) | undefined;
  readonly silenceMilliseconds: number | undefined;
}

/**
 * Starts a process and loads a model into it.
 * Throws EngineError `MODEL_LOAD_FAILED` or `MODEL_UNAVAILABLE`, or the signal's reason when it fires. In each case the
 * process has ended.
 */
export async function loadModel(
  command: LoadCommand,
  signal: AbortSignal,
  { logger, onProgress, silenceMilliseconds = SILENCE_MILLISECONDS }: LoadListeners,
): Promise<LoadedLlamaModel> {
  signal.throwIfAborted();
  const loading = Promise.withResolvers<LoadedLlamaModel>();
  let model: LoadedLlamaModel | undefined;
  const child = new EngineProcess({
    title: command.modelKey,
    silenceMilliseconds,
    onReport(report) {
      if (report.type === 'load.progress') notify(onProgress, report.progress);
      else if (report.type === 'load.failed') loading.reject(fromTransportedError(report.error));
      else if (report.type === 'load.end') {
        const { device, contextLength, embeds } = report;
        model = new LoadedLlamaModel({ process: child, contextLength, parallel: command.parallel, device, embeds });
        loading.resolve(model);
      } else model?.receive(report);
    },
    onEnd(end) {
      loading.reject(loadErrorOf(end));
      model?.processEnded(end);
      logger.info({ model: command.modelKey, pid: child.pid, end: describeEnd(end) }, 'engine process ended');
    },
  });
  using _work = child.work();
  const abort = (): void => loading.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  child.send({ type: 'load', options: command });
  try {
    return await loading.promise;
  } catch (error) {
    child.kill();
    await child.stop();
    if (error instanceof EngineError) {
      logger.warn({ model: command.modelKey, pid: child.pid, detail: error.detail }, 'model failed to load');
    }
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
