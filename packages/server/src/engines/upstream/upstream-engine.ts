import { randomBytes } from 'node:crypto';
import {
  EngineError,
  type InferenceEngine,
  type LoadedModel,
  type Model,
  type ModelSource,
  type OpenOptions,
} from '@latchkey/engine';
import { Backends } from './backends.ts';
import { UpstreamEntry } from './upstream-entry.ts';
import { UpstreamModel } from './upstream-model.ts';
import type { UpstreamOptions } from './upstream-options.ts';
import { UpstreamSource } from './upstream-source.ts';

/**
 * Creates an engine whose models run on other servers that speak OpenAI's API. Only the turn itself is sent to these
 * servers: no token and no header of the caller. Only the answer is passed back.
 */
export function createUpstreamEngine(options: UpstreamOptions): InferenceEngine {
  const closing = new AbortController();
  const source: ModelSource = new UpstreamSource(options, closing.signal);
  const backends = new Backends(options.urls, options.now ?? (() => performance.now()));
  const secret = randomBytes(32);
  return {
    sources: [source],
    open: async (model: Model, asked: OpenOptions, signal: AbortSignal): Promise<LoadedModel> => {
      signal.throwIfAborted();
      const name = UpstreamEntry.remoteNameOf(model);
      const { description } = model;
      if (description instanceof Error) throw new EngineError('MODEL_LOAD_FAILED', description.message);
      const contextLength = Math.min(asked.contextLength, description.maxContextLength);
      return new UpstreamModel(name, { ...asked, contextLength }, description.capabilities.vision, {
        options,
        backends,
        secret,
        closing: closing.signal,
      });
    },
    [Symbol.asyncDispose]: async () => closing.abort(),
  };
}
