import { EngineError, type Model, type ModelDescription } from '@latchkey/engine';

/** A model of an upstream server. What that calls it, only this engine knows. */
export class UpstreamEntry implements Model {
  readonly key: string;
  readonly names: readonly string[] = [];
  readonly publisher: string;
  readonly name: string;
  readonly sizeBytes = null;
  readonly resident = false;
  readonly modifiedAt: number;
  readonly description: ModelDescription;
  readonly #remoteName: string;

  constructor(key: string, upstream: string, remoteName: string, modifiedAt: number, description: ModelDescription) {
    this.key = key;
    this.publisher = key.includes('/') ? key.slice(0, key.indexOf('/')) : upstream;
    this.name = key.slice(key.indexOf('/') + 1);
    this.modifiedAt = modifiedAt;
    this.description = description;
    this.#remoteName = remoteName;
  }

  /** What the upstream server calls a model. Throws EngineError `MODEL_LOAD_FAILED` for one of another engine. */
  static remoteNameOf(model: Model): string {
    if (#remoteName in model) return model.#remoteName;
    throw new EngineError('MODEL_LOAD_FAILED', `Model '${model.key}' is not a model of this upstream server.`);
  }
}
