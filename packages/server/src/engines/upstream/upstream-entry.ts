import { EngineError, type Model, type ModelDescription } from '@latchkey/engine';

/** A model of an upstream server. Only this engine knows the server's own name for it. */
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

  /**
   * Returns the upstream server's name for a model. Throws EngineError `MODEL_LOAD_FAILED` for a model of another
   * engine.
   */
  static remoteNameOf(model: Model): string {
    if (#remoteName in model) return model.#remoteName;
    throw new EngineError('MODEL_LOAD_FAILED', `Model '${model.key}' is not a model of this upstream server.`);
  }
}
