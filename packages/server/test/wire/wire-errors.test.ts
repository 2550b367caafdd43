import { describe, expect, it } from 'vitest';
import { ServerError, type ServerErrorCode } from '../../src/contracts/server-error.ts';
import { lmstudioDialect } from '../../src/dialects/lmstudio/index.ts';
import { openaiDialect } from '../../src/dialects/openai/index.ts';
import { WIRE_ERRORS } from '../../src/wire/wire-errors.ts';

/** What clients switch on: code → status, the code on the wire, LM Studio's type, OpenAI's type. These are API. */
const PINS: Readonly<Record<ServerErrorCode, readonly [number, string, string, string]>> = {
  INVALID_REQUEST: [400, 'invalid_value', 'invalid_request', 'invalid_request_error'],
  MISSING_PARAMETER: [400, 'missing_required_parameter', 'invalid_request', 'invalid_request_error'],
  UNKNOWN_PARAMETER: [400, 'unrecognized_keys', 'invalid_request', 'invalid_request_error'],
  PAYLOAD_TOO_LARGE: [413, 'payload_too_large', 'invalid_request', 'invalid_request_error'],
  UNSUPPORTED_MEDIA_TYPE: [415, 'unsupported_media_type', 'invalid_request', 'invalid_request_error'],
  NOT_FOUND: [404, 'not_found', 'invalid_request', 'invalid_request_error'],
  METHOD_NOT_ALLOWED: [405, 'method_not_allowed', 'invalid_request', 'invalid_request_error'],
  PREVIOUS_RESPONSE_NOT_FOUND: [404, 'previous_response_not_found', 'invalid_request', 'invalid_request_error'],
  UNAUTHENTICATED: [401, 'invalid_api_key', 'invalid_request', 'authentication_error'],
  TOKEN_EXPIRED: [401, 'token_expired', 'invalid_request', 'authentication_error'],
  TOKEN_NOT_YET_VALID: [401, 'token_not_yet_valid', 'invalid_request', 'authentication_error'],
  TOKEN_REVOKED: [401, 'token_revoked', 'invalid_request', 'authentication_error'],
  TOKEN_ROTATED: [401, 'token_rotated', 'invalid_request', 'authentication_error'],
  TOKEN_WRONG_AUDIENCE: [401, 'token_wrong_audience', 'invalid_request', 'authentication_error'],
  TOKEN_KIND_DISABLED: [401, 'token_kind_disabled', 'invalid_request', 'authentication_error'],
  PERMISSION_DENIED: [403, 'permission_denied', 'invalid_request', 'permission_error'],
  ORIGIN_DENIED: [403, 'origin_denied', 'invalid_request', 'permission_error'],
  MODEL_NOT_FOUND: [404, 'model_not_found', 'model_not_found', 'invalid_request_error'],
  MODEL_LOAD_FAILED: [500, 'model_load_failed', 'internal_error', 'server_error'],
  MODEL_UNAVAILABLE: [503, 'model_unavailable', 'internal_error', 'server_error'],
  INSUFFICIENT_MEMORY: [503, 'insufficient_memory', 'internal_error', 'server_error'],
  MODEL_CRASHED: [503, 'model_crashed', 'internal_error', 'server_error'],
  MODEL_UNLOADED: [503, 'model_unloaded', 'internal_error', 'server_error'],
  CONTEXT_EXCEEDED: [400, 'context_length_exceeded', 'invalid_request', 'invalid_request_error'],
  UNSUPPORTED_REASONING: [400, 'unsupported_value', 'invalid_request', 'invalid_request_error'],
  UNSUPPORTED_INPUT: [400, 'unsupported_value', 'invalid_request', 'invalid_request_error'],
  PLUGIN_NOT_FOUND: [404, 'plugin_not_found', 'plugin_connection_error', 'invalid_request_error'],
  PLUGIN_UNAVAILABLE: [502, 'plugin_unavailable', 'plugin_connection_error', 'server_error'],
  MCP_UNAVAILABLE: [502, 'mcp_unavailable', 'mcp_connection_error', 'server_error'],
  DOWNLOAD_FAILED: [502, 'download_failed', 'internal_error', 'server_error'],
  INSUFFICIENT_STORAGE: [507, 'insufficient_storage', 'internal_error', 'server_error'],
  JOB_NOT_FOUND: [404, 'job_not_found', 'job_not_found', 'invalid_request_error'],
  CONFLICT: [409, 'conflict', 'invalid_request', 'invalid_request_error'],
  IDEMPOTENCY_KEY_REUSED: [422, 'idempotency_key_reused', 'invalid_request', 'invalid_request_error'],
  IDEMPOTENCY_OUTCOME_UNKNOWN: [409, 'idempotency_outcome_unknown', 'invalid_request', 'invalid_request_error'],
  IDEMPOTENCY_ANSWER_GONE: [409, 'idempotency_answer_gone', 'invalid_request', 'invalid_request_error'],
  IDEMPOTENCY_KEYS_EXCEEDED: [429, 'idempotency_keys_exceeded', 'invalid_request', 'rate_limit_error'],
  REQUESTS_PER_MINUTE_EXCEEDED: [429, 'requests_per_minute_exceeded', 'invalid_request', 'rate_limit_error'],
  CONCURRENT_REQUESTS_EXCEEDED: [429, 'concurrent_requests_exceeded', 'invalid_request', 'rate_limit_error'],
  TOKENS_PER_DAY_EXCEEDED: [429, 'tokens_per_day_exceeded', 'invalid_request', 'rate_limit_error'],
  TOKENS_PER_MONTH_EXCEEDED: [429, 'tokens_per_month_exceeded', 'invalid_request', 'rate_limit_error'],
  OVERLOADED: [503, 'overloaded', 'internal_error', 'server_error'],
  SHUTTING_DOWN: [503, 'shutting_down', 'internal_error', 'server_error'],
  AUDIT_UNAVAILABLE: [503, 'audit_unavailable', 'internal_error', 'server_error'],
  BUDGET_EXCEEDED: [429, 'budget_exceeded', 'invalid_request', 'rate_limit_error'],
  DISK_FULL: [503, 'disk_full', 'internal_error', 'server_error'],
  STORE_UNAVAILABLE: [503, 'store_unavailable', 'internal_error', 'server_error'],
  INTERNAL: [500, 'internal_error', 'internal_error', 'server_error'],
};
const rows = Object.entries(PINS) as [ServerErrorCode, (typeof PINS)[ServerErrorCode]][];

describe('an error on the wire', () => {
  it('is there for every code', () => {
    expect(Object.keys(WIRE_ERRORS).sort()).toEqual(Object.keys(PINS).sort());
  });

  it.each(rows)("is told of %s in LM Studio's words", (code, [status, wire, type]) => {
    expect(lmstudioDialect.renderError(new ServerError(code, 'No.', { param: 'model' }))).toEqual({
      status,
      body: { error: { type, message: 'No.', code: wire, param: 'model' } },
    });
  });

  it.each(rows)("is told of %s in OpenAI's words", (code, [status, wire, , type]) => {
    expect(openaiDialect.renderError(new ServerError(code, 'No.', { param: 'model' }))).toEqual({
      status,
      body: { error: { message: 'No.', type, param: 'model', code: wire } },
    });
  });

  it('without a parameter has none for LM Studio and null for OpenAI', () => {
    const error = new ServerError('INTERNAL', 'No.');
    expect(lmstudioDialect.renderError(error).body.error).not.toHaveProperty('param');
    expect(openaiDialect.renderError(error).body.error).toHaveProperty('param', null);
  });

  it.each([lmstudioDialect, openaiDialect])('never shows what is for the log only ($name)', (dialect) => {
    const error = new ServerError('INTERNAL', 'No.', { detail: 'CANARY', cause: new Error('CANARY') });
    expect(JSON.stringify(dialect.renderError(error))).not.toContain('CANARY');
  });
});
