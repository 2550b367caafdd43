import type { ApiDialect } from '../../contracts/api-dialect.ts';
import { WIRE_ERRORS } from '../../wire/wire-errors.ts';

/** JSON-RPC 2.0, section 5.1. */
const INTERNAL_ERROR = -32603;
/** From the range that JSON-RPC leaves to servers. */
const SERVER_ERROR = -32000;

/**
 * A JSON-RPC error without an id, which MCP's streamable HTTP uses for a request that is refused before it is parsed.
 */
export const mcpDialect: ApiDialect = {
  name: 'mcp',
  renderError: (error) => {
    const { status, code } = WIRE_ERRORS[error.code];
    const data = {
      code,
      ...(error.param === undefined ? {} : { param: error.param }),
      ...(error.details === undefined ? {} : { details: error.details }),
    };
    const number = status < 500 ? SERVER_ERROR : INTERNAL_ERROR;
    return { status, body: { jsonrpc: '2.0', id: null, error: { code: number, message: error.message, data } } };
  },
};
