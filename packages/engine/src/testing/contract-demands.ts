import { EngineError, type EngineErrorCode } from '../engine-error.ts';
import type { InferenceEngine, LoadedModel } from '../inference-engine.ts';

/** An engine to be tested, and the key of a model of it that answers `Hello` with several words. */
export interface EngineSetup extends AsyncDisposable {
  readonly engine: InferenceEngine;
  readonly key: string;
  /** The key of a model that makes embeddings; absent: the engine has none. */
  readonly embeddingKey?: string;
}

/** One case of the contract. It throws when the engine does not meet it. */
export type Check = (setup: EngineSetup) => Promise<void>;

/** The context of the models that are opened, in tokens. */
export const CONTEXT = 1024;
/** A caller that stays. */
export const NEVER: AbortSignal = new AbortController().signal;

/** Opens the model that is to be tested. */
export async function open(
  { engine, key }: Pick<EngineSetup, 'engine' | 'key'>,
  parallel = 1,
  signal: AbortSignal = NEVER,
): Promise<LoadedModel> {
  for (const source of engine.sources) {
    const model = await source.find(key);
    if (model !== undefined) return engine.open(model, { contextLength: CONTEXT, parallel }, signal);
  }
  throw new Error(`no source has the model ${key}`);
}

/** Throws when an expectation is not met. */
export function demand(holds: boolean, expectation: string): void {
  if (!holds) throw new Error(`broken contract: ${expectation}`);
}

/** Throws unless the promise rejects with the right error. */
export async function demandRejects(
  promise: Promise<unknown>,
  isRight: (error: unknown) => boolean,
  what: string,
): Promise<void> {
  const outcome = await promise.then(
    () => 'it went through',
    (error: unknown) => (isRight(error) ? undefined : String(error)),
  );
  demand(outcome === undefined, `it fails with ${what}, but: ${outcome}`);
}

/** Throws unless the promise rejects with an EngineError of the code. */
export const demandFails = (promise: Promise<unknown>, code: EngineErrorCode): Promise<void> =>
  demandRejects(promise, (error) => error instanceof EngineError && error.code === code, code);
