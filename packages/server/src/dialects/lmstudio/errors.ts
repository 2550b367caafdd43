import type { ApiDialect } from '../../contracts/api-dialect.ts';
import type { ChatField, ServerErrorCode } from '../../contracts/server-error.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

/** LM Studio's own error types; all other errors are invalid requests or internal errors. */
const TYPES: Partial<Record<ServerErrorCode, string>> = {
  MODEL_NOT_FOUND: 'model_not_found',
  PLUGIN_NOT_FOUND: 'plugin_connection_error',
  PLUGIN_UNAVAILABLE: 'plugin_connection_error',
  MCP_UNAVAILABLE: 'mcp_connection_error',
  JOB_NOT_FOUND: 'job_not_found',
};

/** `{"error":{"type","message","code","param"?,"details"?}}`; https://lmstudio.ai/docs/developer/rest. */
export const lmstudioErrors: ApiDialect = {
  name: 'lmstudio',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    const type = TYPES[error.code] ?? (status < 500 ? 'invalid_request' : 'internal_error');
    const param = error.param === undefined ? {} : { param: error.param };
    const details = error.details === undefined ? {} : { details: error.details };
    return { status, body: { error: { type, message: error.message, code, ...param, ...details } } };
  },
};

/** LM Studio's names for the fields of a chat request. */
const PARAMS: Partial<Record<ChatField, string>> = {
  model: 'model',
  messages: 'input',
  reasoning: 'reasoning',
  contextLength: 'context_length',
  integrations: 'integrations',
  maxOutputTokens: 'max_output_tokens',
  previousResponseId: 'previous_response_id',
};

export const paramOf = (field: ChatField): string | undefined => PARAMS[field];
