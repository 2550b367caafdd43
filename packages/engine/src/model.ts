import type { ReasoningEffort } from './generation.ts';

/** The properties of a model that are known without opening it. */
export interface ModelDescription {
  readonly architecture: string | null;
  /** How its weights are stored, e.g. `gguf`; null when its source does not say. */
  readonly format: string | null;
  /** E.g. `Q8_0`. */
  readonly quantization: string | null;
  readonly bitsPerWeight: number | null;
  /** The number of parameters; null when its source does not say. */
  readonly parameterCount: number | null;
  readonly displayName: string | null;
  readonly maxContextLength: number;
  readonly type: 'llm' | 'embedding';
  /** Why the chat template in the file cannot be rendered, in a sentence; absent: it can, or there is none. */
  readonly templateFault?: string;
  readonly capabilities: {
    readonly vision: boolean;
    /** Its chat template shows tools to the model. */
    readonly trainedForToolUse: boolean;
    /** Whether it makes embeddings; absent: as its type says. */
    readonly embeddings?: boolean;
    readonly reasoning?: { readonly allowedOptions: readonly ReasoningEffort[]; readonly default: ReasoningEffort };
  };
}

/** A model that can be opened. */
export interface Model {
  /** Its name in requests and grants, e.g. `ibm/granite`. */
  readonly key: string;
  /** Other names that a request may use for it. */
  readonly names: readonly string[];
  readonly publisher: string;
  /** Its name for display when its description has none. */
  readonly name: string;
  /** Null when its source does not say. */
  readonly sizeBytes: number | null;
  /**
   * Whether it uses memory of this machine while it is open. If so, a smaller context saves memory, and opening it may
   * close other models. If not, it is opened with its full context.
   */
  readonly resident: boolean;
  /** When it was last changed, in milliseconds since 1970. */
  readonly modifiedAt: number;
  /**
   * Changes when the content of the model was replaced, so that an open model is opened again. Absent: not reported.
   */
  readonly version?: string;
  /**
   * An Error says why the model cannot be used. An EngineError `MODEL_UNAVAILABLE` says nothing about the model: it
   * could not be examined now.
   */
  readonly description: ModelDescription | Error;
}

/** SEAM. Where models come from: a folder of files, another server. */
export interface ModelSource {
  /**
   * The model with this key or name; undefined when there is none. Throws EngineError `MODEL_UNAVAILABLE` when that is
   * unknown.
   */
  find(key: string): Promise<Model | undefined>;
  /** All current models. The result may be a second old. */
  list(): Promise<readonly Model[]>;
  /** Deletes a model of this source for good. Absent: it deletes none. Throws EngineError. */
  remove?(model: Model): Promise<void>;
  /** The problems that prevent models from being found, for the operator, e.g. a folder that cannot be read. */
  problems?(): Promise<readonly string[]>;
}
