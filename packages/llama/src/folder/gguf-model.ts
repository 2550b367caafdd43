import { EngineError, type Model, type ModelDescription } from '@latchkey/engine';
import type { ModelFile } from './model-files.ts';

/** A model in a file. Its path is private to this engine. */
export class GgufModel implements Model {
  readonly key: string;
  readonly names: readonly string[];
  readonly publisher: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly resident = true;
  readonly modifiedAt: number;
  readonly version: string;
  readonly description: ModelDescription | Error;
  readonly #path: string;

  constructor(file: ModelFile, description: ModelDescription | Error) {
    this.key = file.key;
    this.names = file.names;
    this.publisher = file.publisher;
    this.name = file.name;
    this.sizeBytes = file.sizeBytes;
    this.modifiedAt = file.modifiedAt;
    this.version = file.version;
    this.description = description;
    this.#path = file.path;
  }

  /** The path of a model's file. Throws EngineError `MODEL_LOAD_FAILED` for a model of another engine. */
  static pathOf(model: Model): string {
    if (#path in model) return model.#path;
    throw new EngineError('MODEL_LOAD_FAILED', `Model '${model.key}' is not a file of this engine.`);
  }
}
