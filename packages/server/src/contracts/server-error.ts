import type { RequestField } from '@latchkey/engine';

/**
 * Every refusal and failure of the server, by a code that clients may rely on.
 *
 * | code | raised when |
 * |---|---|
 * | `INVALID_REQUEST` | a body, parameter or header is not what the API takes; `param` names it |
 * | `MISSING_PARAMETER` | a required parameter is absent; `param` names it |
 * | `UNKNOWN_PARAMETER` | a parameter that the API does not know |
 * | `PAYLOAD_TOO_LARGE` | a body over the configured size |
 * | `UNSUPPORTED_MEDIA_TYPE` | a body of another type than the endpoint takes, or a compressed one |
 * | `NOT_FOUND` | no such path, token, or stored response (or not the caller's) |
 * | `METHOD_NOT_ALLOWED` | the path exists, the method does not |
 * | `PREVIOUS_RESPONSE_NOT_FOUND` | `previous_response_id` is not a response of the caller |
 * | `UNAUTHENTICATED` | no token, or none that is valid |
 * | `TOKEN_EXPIRED` | the token has expired |
 * | `TOKEN_NOT_YET_VALID` | the token is not valid yet |
 * | `TOKEN_REVOKED` | the token, or one that it was derived from, was revoked |
 * | `TOKEN_ROTATED` | the token has a new secret, and the overlap of this one has ended |
 * | `TOKEN_WRONG_AUDIENCE` | the token was made for another server |
 * | `TOKEN_KIND_DISABLED` | tokens of this kind are switched off here |
 * | `PERMISSION_DENIED` | the caller's authority does not cover the request |
 * | `ORIGIN_DENIED` | a Host or Origin header that is not ours |
 * | `MODEL_NOT_FOUND` | no such model |
 * | `MODEL_LOAD_FAILED` | the file could not be loaded (garbage, truncated, too large) |
 * | `MODEL_UNAVAILABLE` | the model cannot be read or loaded now, for a reason that may pass (no permission, no memory, a part that is missing) |
 * | `INSUFFICIENT_MEMORY` | the model needs more memory than is free; nothing was loaded |
 * | `MODEL_CRASHED` | the engine's process crashed during the request |
 * | `MODEL_UNLOADED` | the model was unloaded during the request |
 * | `CONTEXT_EXCEEDED` | the conversation is longer than the context |
 * | `UNSUPPORTED_REASONING` | a reasoning effort that the model does not have |
 * | `UNSUPPORTED_INPUT` | e.g. an image for a model that cannot see |
 * | `PLUGIN_NOT_FOUND` | no such MCP server in mcp.json |
 * | `PLUGIN_UNAVAILABLE` | an MCP server of mcp.json that does not start or answer |
 * | `MCP_UNAVAILABLE` | a request-scoped MCP server that does not answer |
 * | `DOWNLOAD_FAILED` | the server from which a model was to be downloaded cannot be reached, or does not answer as it should |
 * | `INSUFFICIENT_STORAGE` | the disk of the models folder has too little room for a model |
 * | `JOB_NOT_FOUND` | no such download, or not one that the caller may see |
 * | `CONFLICT` | another request changed the same thing at the same time |
 * | `IDEMPOTENCY_KEY_REUSED` | the `Idempotency-Key` was sent with another request before |
 * | `IDEMPOTENCY_OUTCOME_UNKNOWN` | the server ended while it carried out the request of this `Idempotency-Key`; it is not carried out again |
 * | `IDEMPOTENCY_ANSWER_GONE` | the request of this `Idempotency-Key` was carried out, and its answer is not kept |
 * | `IDEMPOTENCY_KEYS_EXCEEDED` | too many keys of this token are stored already |
 * | `REQUESTS_PER_MINUTE_EXCEEDED` | the limit `requestsPerMinute` of a grant is used up |
 * | `CONCURRENT_REQUESTS_EXCEEDED` | the limit `concurrentRequests` of a grant is used up |
 * | `TOKENS_PER_DAY_EXCEEDED` | the limit `tokensPerDay` of a grant leaves too few tokens |
 * | `TOKENS_PER_MONTH_EXCEEDED` | the limit `tokensPerMonth` of a grant leaves too few tokens |
 * | `BUDGET_EXCEEDED` | the budget of a token, an owner or a project (`moneyPerDay`, `moneyPerMonth`) leaves too little money |
 * | `OVERLOADED` | too many requests are waiting |
 * | `SHUTTING_DOWN` | the server is shutting down |
 * | `AUDIT_UNAVAILABLE` | the audit log takes no entry, so nothing is administered and no tool is called; the message says why |
 * | `DISK_FULL` | a disk that the server stores on is full; tokens can still be revoked, and what needs to store nothing works |
 * | `STORE_UNAVAILABLE` | the database does not answer; everything is denied |
 * | `INTERNAL` | an internal error |
 */
export type ServerErrorCode =
  | 'INVALID_REQUEST'
  | 'MISSING_PARAMETER'
  | 'UNKNOWN_PARAMETER'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'PREVIOUS_RESPONSE_NOT_FOUND'
  | 'UNAUTHENTICATED'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_NOT_YET_VALID'
  | 'TOKEN_REVOKED'
  | 'TOKEN_ROTATED'
  | 'TOKEN_WRONG_AUDIENCE'
  | 'TOKEN_KIND_DISABLED'
  | 'PERMISSION_DENIED'
  | 'ORIGIN_DENIED'
  | 'MODEL_NOT_FOUND'
  | 'MODEL_LOAD_FAILED'
  | 'MODEL_UNAVAILABLE'
  | 'INSUFFICIENT_MEMORY'
  | 'MODEL_CRASHED'
  | 'MODEL_UNLOADED'
  | 'CONTEXT_EXCEEDED'
  | 'UNSUPPORTED_REASONING'
  | 'UNSUPPORTED_INPUT'
  | 'PLUGIN_NOT_FOUND'
  | 'PLUGIN_UNAVAILABLE'
  | 'MCP_UNAVAILABLE'
  | 'DOWNLOAD_FAILED'
  | 'INSUFFICIENT_STORAGE'
  | 'JOB_NOT_FOUND'
  | 'CONFLICT'
  | 'IDEMPOTENCY_KEY_REUSED'
  | 'IDEMPOTENCY_OUTCOME_UNKNOWN'
  | 'IDEMPOTENCY_ANSWER_GONE'
  | 'IDEMPOTENCY_KEYS_EXCEEDED'
  | 'REQUESTS_PER_MINUTE_EXCEEDED'
  | 'CONCURRENT_REQUESTS_EXCEEDED'
  | 'TOKENS_PER_DAY_EXCEEDED'
  | 'TOKENS_PER_MONTH_EXCEEDED'
  | 'BUDGET_EXCEEDED'
  | 'OVERLOADED'
  | 'SHUTTING_DOWN'
  | 'AUDIT_UNAVAILABLE'
  | 'DISK_FULL'
  | 'STORE_UNAVAILABLE'
  | 'INTERNAL';

/** The fields of a chat request that an error can concern. Each API has its own names for them. */
export type ChatField =
  | RequestField
  | `tools.${number}.${'name' | 'parameters'}`
  | 'model'
  | 'answers'
  | 'contextLength'
  | 'dimensions'
  | 'integrations'
  | 'maxOutputTokens'
  | 'previousResponseId';

/** Optional facts of an error. */
export interface ServerErrorOptions extends ErrorOptions {
  /** The parameter at fault, by its name in the API, e.g. `integrations[0].id`. */
  readonly param?: string;
  /** The field of a chat request at fault; a dialect converts it into a parameter. */
  readonly field?: ChatField;
  /** The facts of the message in machine-readable form, e.g. which grant denied. */
  readonly details?: ErrorDetails;
  /** Logged only; never rendered. */
  readonly detail?: string;
}

/** The facts of an error, by name. */
export type ErrorDetails = Readonly<Record<string, string | number>>;

/**
 * An error whose message may be shown to the caller. It never contains a secret, a token, tool arguments or a path of
 * the host; those belong in `detail` or `cause`, which are only logged.
 */
export class ServerError extends Error {
  override readonly name = 'ServerError';
  readonly code: ServerErrorCode;
  readonly param: string | undefined;
  readonly field: ChatField | undefined;
  readonly details: ErrorDetails | undefined;
  readonly detail: string | undefined;

  constructor(code: ServerErrorCode, message: string, options: ServerErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.param = options.param;
    this.field = options.field;
    this.details = options.details;
    this.detail = options.detail;
  }

  /** The same error with an API's name for its field; without a name if the API lacks the field or it was not sent. */
  named(paramOf: (field: ChatField) => string | undefined): ServerError {
    if (this.field === undefined) return this;
    const param = paramOf(this.field);
    return new ServerError(this.code, this.message, {
      cause: this.cause,
      ...(param === undefined ? {} : { param }),
      ...(this.details === undefined ? {} : { details: this.details }),
      ...(this.detail === undefined ? {} : { detail: this.detail }),
    });
  }
}
