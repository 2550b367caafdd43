import type { ReasoningEffort } from './generation.ts';

/** What is known of a model without opening it. */
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
    readonly reasoning?: { readonly allowedOptions: readonly ReasoningEffort[]; readonly default: ReasoningEffort };
  };
}

/** A model that can be opened. */
export interface Model {
  /** What requests and grants call it, e.g. `ibm/granite`. */
  readonly key: string;
  /** Other names by which a request may mean it. */
  readonly names: readonly string[];
  readonly publisher: string;
  /** What to call it where its description has no name. */
  readonly name: string;
  /** Null when its source does not say. */
  readonly sizeBytes: number | null;
  /**
   * Whether it takes memory of this machine while it is open: then less context saves some, and opening it may close
   * others. A model that does not is opened with all the context that it has.
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
  /** All models that there are now. It may be a second old. */
  list(): Promise<readonly Model[]>;
  /** What keeps models from being found, for the operator, e.g. a folder that cannot be read. */
  problems?(): Promise<readonly string[]>;
}
