/**
 * The codes of an engine's refusals and failures.
 *
 * | code | thrown when |
 * |---|---|
 * | `INVALID_REQUEST` | a field of the request cannot be used; `field` names it |
 * | `UNSUPPORTED_REASONING` | a reasoning effort that the model does not have |
 * | `UNSUPPORTED_INPUT` | something in the conversation that the model cannot take, e.g. an image |
 * | `CONTEXT_EXCEEDED` | the prompt leaves no room for an answer |
 * | `MODEL_LOAD_FAILED` | the model could not be loaded; the message says why in plain words |
 * | `MODEL_UNAVAILABLE` | the model could not be looked at or loaded now, for a reason that may pass: no permission, no memory, a disk that does not answer |
 * | `INSUFFICIENT_MEMORY` | the model needs more memory than is free; nothing was loaded, and the message says how much |
 * | `MODEL_CRASHED` | the engine died under the request |
 * | `MODEL_UNLOADED` | the model was disposed under the request |
 * | `OVERLOADED` | a turn beyond what the model runs at once |
 * | `SHUTTING_DOWN` | the engine was disposed |
 * | `INTERNAL` | a fault of the engine |
 */
export type EngineErrorCode =
  | 'INVALID_REQUEST'
  | 'UNSUPPORTED_REASONING'
  | 'UNSUPPORTED_INPUT'
  | 'CONTEXT_EXCEEDED'
  | 'MODEL_LOAD_FAILED'
  | 'MODEL_UNAVAILABLE'
  | 'INSUFFICIENT_MEMORY'
  | 'MODEL_CRASHED'
  | 'MODEL_UNLOADED'
  | 'OVERLOADED'
  | 'SHUTTING_DOWN'
  | 'INTERNAL';

/** The field of a request that an error is about. Each API has its own name for it. */
export type RequestField =
  | 'messages'
  | 'prompt'
  | 'suffix'
  | 'inputs'
  | 'state'
  | 'questions'
  | 'tools'
  | 'toolChoice'
  | 'stop'
  | 'reasoning'
  | 'tokenBias'
  | 'responseSchema';

/** The optional details of an error besides its message. */
export interface EngineErrorOptions extends ErrorOptions {
  readonly field?: RequestField | undefined;
  /** For the log only; never shown to a caller. */
  readonly detail?: string | undefined;
}

/**
 * An error of an engine whose message may be shown to the caller. The message never holds a secret, text of the
 * conversation or a path of the host; those belong into `detail` or `cause`, which are logged at most.
 *
 * @example
 * ```ts
 * import { EngineError } from '@latchkey/engine';
 *
 * throw new EngineError('CONTEXT_EXCEEDED', 'The conversation has 5000 tokens; the context has 4096.');
 * ```
 */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  readonly field: RequestField | undefined;
  readonly detail: string | undefined;

  constructor(code: EngineErrorCode, message: string, options: EngineErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.field = options.field;
    this.detail = options.detail;
  }
}
