import type { ServerError, ServerErrorCode } from '../contracts/server-error.ts';

/** The HTTP status of an error, and the code that clients of every dialect may rely on. */
export interface WireError {
  readonly status: number;
  readonly code: string;
}

const wire = (status: number, code: string): WireError => ({ status, code });

/**
 * The HTTP status of an error, and the code that clients may switch on, for a dialect's own words.
 *
 * @example
 * ```ts
 * import { ServerError, wireErrorOf } from '@latchkey/server';
 *
 * console.log(wireErrorOf(new ServerError('MODEL_NOT_FOUND', 'There is no such model.'))); // { status: 404, code: 'model_not_found' }
 * ```
 */
export const wireErrorOf = ({ code }: Pick<ServerError, 'code'>): WireError => WIRE_ERRORS[code];

/** Exhaustive: a new ServerErrorCode without a status here does not compile. */
export const WIRE_ERRORS: Record<ServerErrorCode, WireError> = {
  INVALID_REQUEST: wire(400, 'invalid_value'),
  MISSING_PARAMETER: wire(400, 'missing_required_parameter'),
  UNKNOWN_PARAMETER: wire(400, 'unrecognized_keys'),
  PAYLOAD_TOO_LARGE: wire(413, 'payload_too_large'),
  UNSUPPORTED_MEDIA_TYPE: wire(415, 'unsupported_media_type'),
  NOT_FOUND: wire(404, 'not_found'),
  METHOD_NOT_ALLOWED: wire(405, 'method_not_allowed'),
  PREVIOUS_RESPONSE_NOT_FOUND: wire(404, 'previous_response_not_found'),
  UNAUTHENTICATED: wire(401, 'invalid_api_key'),
  TOKEN_EXPIRED: wire(401, 'token_expired'),
  TOKEN_NOT_YET_VALID: wire(401, 'token_not_yet_valid'),
  TOKEN_REVOKED: wire(401, 'token_revoked'),
  TOKEN_ROTATED: wire(401, 'token_rotated'),
  TOKEN_WRONG_AUDIENCE: wire(401, 'token_wrong_audience'),
  TOKEN_KIND_DISABLED: wire(401, 'token_kind_disabled'),
  PERMISSION_DENIED: wire(403, 'permission_denied'),
  ORIGIN_DENIED: wire(403, 'origin_denied'),
  MODEL_NOT_FOUND: wire(404, 'model_not_found'),
  MODEL_LOAD_FAILED: wire(500, 'model_load_failed'),
  MODEL_UNAVAILABLE: wire(503, 'model_unavailable'),
  INSUFFICIENT_MEMORY: wire(503, 'insufficient_memory'),
  MODEL_CRASHED: wire(503, 'model_crashed'),
  MODEL_UNLOADED: wire(503, 'model_unloaded'),
  CONTEXT_EXCEEDED: wire(400, 'context_length_exceeded'),
  UNSUPPORTED_REASONING: wire(400, 'unsupported_value'),
  UNSUPPORTED_INPUT: wire(400, 'unsupported_value'),
  PLUGIN_NOT_FOUND: wire(404, 'plugin_not_found'),
  PLUGIN_UNAVAILABLE: wire(502, 'plugin_unavailable'),
  MCP_UNAVAILABLE: wire(502, 'mcp_unavailable'),
  DOWNLOAD_FAILED: wire(502, 'download_failed'),
  INSUFFICIENT_STORAGE: wire(507, 'insufficient_storage'),
  JOB_NOT_FOUND: wire(404, 'job_not_found'),
  CONFLICT: wire(409, 'conflict'),
  IDEMPOTENCY_KEY_REUSED: wire(422, 'idempotency_key_reused'),
  IDEMPOTENCY_OUTCOME_UNKNOWN: wire(409, 'idempotency_outcome_unknown'),
  IDEMPOTENCY_ANSWER_GONE: wire(409, 'idempotency_answer_gone'),
  IDEMPOTENCY_KEYS_EXCEEDED: wire(429, 'idempotency_keys_exceeded'),
  REQUESTS_PER_MINUTE_EXCEEDED: wire(429, 'requests_per_minute_exceeded'),
  CONCURRENT_REQUESTS_EXCEEDED: wire(429, 'concurrent_requests_exceeded'),
  TOKENS_PER_DAY_EXCEEDED: wire(429, 'tokens_per_day_exceeded'),
  TOKENS_PER_MONTH_EXCEEDED: wire(429, 'tokens_per_month_exceeded'),
  BUDGET_EXCEEDED: wire(429, 'budget_exceeded'),
  OVERLOADED: wire(503, 'overloaded'),
  SHUTTING_DOWN: wire(503, 'shutting_down'),
  AUDIT_UNAVAILABLE: wire(503, 'audit_unavailable'),
  DISK_FULL: wire(503, 'disk_full'),
  STORE_UNAVAILABLE: wire(503, 'store_unavailable'),
  INTERNAL: wire(500, 'internal_error'),
};
