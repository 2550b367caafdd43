import type { ApiDialect } from '../../contracts/api-dialect.ts';
import type { ServerErrorCode } from '../../contracts/server-error.ts';
import { WIRE_ERRORS } from '../wire-errors.ts';

/** Where LM Studio has a type of its own; everything else is a bad request or a fault of ours. */
const TYPES: Partial<Record<ServerErrorCode, string>> = {
  MODEL_NOT_FOUND: 'model_not_found',
  PLUGIN_NOT_FOUND: 'plugin_connection_error',
  PLUGIN_UNAVAILABLE: 'plugin_connection_error',
  MCP_UNAVAILABLE: 'mcp_connection_error',
};

/** `{"error":{"type","message","code","param"?,"details"?}}`; https://lmstudio.ai/docs/developer/rest. */
export const lmstudioDialect: ApiDialect = {
  name: 'lmstudio',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    const type = TYPES[error.code] ?? (status < 500 ? 'invalid_request' : 'internal_error');
    const param = error.param === undefined ? {} : { param: error.param };
    const details = error.details === undefined ? {} : { details: error.details };
    return { status, body: { error: { type, message: error.message, code, ...param, ...details } } };
  },
};
