import type { LoadedModel, Model, OpenOptions } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import { fromEngine } from './engine-failure.ts';
import type { ModelCatalog } from './model-catalog.ts';

/** Large models on slow disks take minutes; a template in a hostile file may never end. */
const LOAD_MINUTES = 15;

const OF_OPENING: ReadonlySet<string> = new Set(['MODEL_LOAD_FAILED', 'MODEL_UNAVAILABLE', 'INSUFFICIENT_MEMORY']);

/**
 * Opens a model; gives up when `closing` fires, or when loading has taken so long that it will not finish. Throws
 * ServerError; those about the model name the parameter of the request that it came from, which the engine does not know.
 */
export async function openInTime(
  catalog: Pick<ModelCatalog, 'open'>,
  model: Model,
  options: OpenOptions,
  closing: AbortSignal,
): Promise<LoadedModel> {
  const late = new AbortController();
  const message = `Model '${model.key}' was not loaded after ${LOAD_MINUTES} minutes; its file may be damaged.`;
  const timer = setTimeout(() => late.abort(new ServerError('MODEL_LOAD_FAILED', message)), LOAD_MINUTES * 60_000);
  try {
    return await catalog.open(model, options, AbortSignal.any([closing, late.signal]));
  } catch (error) {
    const failure = fromEngine(error);
    if (!(failure instanceof ServerError) || !OF_OPENING.has(failure.code)) throw failure;
    const { code, message, detail = message } = failure;
    throw new ServerError(code, message, { field: 'model', cause: error, detail });
  } finally {
    clearTimeout(timer);
  }
}

/** Whether a model could not be opened because of its file, its engine or its server; not for want of memory. */
export const isUnhealthy = (error: unknown): error is ServerError =>
  error instanceof ServerError && (error.code === 'MODEL_LOAD_FAILED' || error.code === 'MODEL_UNAVAILABLE');
