import type { Model } from '@latchkey/engine';
import type { ChatRequest } from '../contracts/chat-request.ts';
import type { ModelPool } from '../models/model-pool.ts';
import { type Decider, denied } from './permit-model.ts';

/** What a request wants of the loading of its model. */
export type LoadWish = Pick<ChatRequest, 'contextLength' | 'contextLengthIsWish' | 'keepAliveMilliseconds'>;

/**
 * What a caller gets of it. A context beyond the configured one reloads the model, which is unavailable to all callers
 * meanwhile, and a time to stay loaded takes memory from them: both need `models:load`. Without it, a wish is reduced to
 * what there is anyway. Throws ServerError `PERMISSION_DENIED` for a context that is not a wish.
 */
export function permitLoading<T extends LoadWish>(caller: Decider, pool: ModelPool, model: Model, asked: T): T {
  const { contextLength, contextLengthIsWish, keepAliveMilliseconds, ...rest } = asked;
  if (contextLength === undefined && keepAliveMilliseconds === undefined) return asked;
  const decision = caller.decide({ action: 'models:load', models: model.key });
  const wanted = contextLengthIsWish ? pool.withinMost(model, contextLength) : contextLength;
  const isTooMuch = !decision.allowed && pool.needsLargerLoad(model, wanted);
  if (isTooMuch && !contextLengthIsWish) {
    throw denied(`load model '${model.key}' with a context of ${contextLength} tokens`, decision, 'contextLength');
  }
  return {
    ...rest,
    ...(wanted === undefined || isTooMuch ? {} : { contextLength: wanted }),
    ...(keepAliveMilliseconds === undefined || !decision.allowed ? {} : { keepAliveMilliseconds }),
  } as T;
}
