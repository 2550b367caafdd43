/**
 * Everything that can go wrong before a tool is called. What goes wrong in a call is a value, see `ToolOutcome`.
 *
 * - `MCP_CONFIG_INVALID`: the mcp.json can't be used; `path` is the key that is wrong.
 * - `MCP_SERVER_UNKNOWN`: the gate allows the server, but the mcp.json has none of that id.
 * - `MCP_CONNECTION_FAILED`: the server could not be started, reached or asked for its tools in time, or nobody could say
 *   which of them are approved.
 * - `MCP_DENIED`: the gate refused the server; `reason` is the gate's.
 * - `MCP_TOOL_UNAVAILABLE`: a tool that was asked for by name doesn't exist or isn't permitted; which of the two is not told.
 * - `MCP_TOOL_CHANGED`: a definition that was to be approved is another one by now.
 * - `MCP_NO_TOOLS`: nothing of the server is permitted.
 * - `MCP_EPHEMERAL_INVALID`: a server that a request brings along can't be one; `path` is the field that is wrong.
 * - `MCP_CLOSED`: the host has been closed.
 */
export type BridgeErrorCode =
  | 'MCP_CONFIG_INVALID'
  | 'MCP_SERVER_UNKNOWN'
  | 'MCP_CONNECTION_FAILED'
  | 'MCP_DENIED'
  | 'MCP_TOOL_UNAVAILABLE'
  | 'MCP_TOOL_CHANGED'
  | 'MCP_NO_TOOLS'
  | 'MCP_EPHEMERAL_INVALID'
  | 'MCP_CLOSED';

/** What a {@link BridgeError} knows besides its code and message. */
export interface BridgeErrorEvidence {
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly path?: string | undefined;
  readonly reason?: string | undefined;
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of this package; `code` says which reaction fits. The message is safe to show to a caller;
 * `detail` and `cause` are for the log only, for they may hold what a server printed.
 *
 * @example
 * ```ts
 * import { BridgeError, parseMcpJson } from '@latchkey/mcp-bridge';
 *
 * try {
 *   parseMcpJson('{"mcpServers": {"files": {}}}', {});
 * } catch (error) {
 *   if (error instanceof BridgeError && error.code === 'MCP_CONFIG_INVALID') console.error(error.path);
 * }
 * ```
 */
export class BridgeError extends Error {
  override readonly name = 'BridgeError';
  readonly code: BridgeErrorCode;
  /** The server's plugin id, e.g. `mcp/files`. */
  readonly server?: string;
  /** The tool's own name. */
  readonly tool?: string;
  /** The key of the mcp.json that is wrong, e.g. `mcpServers.files.args[1]`, or the field of a per-request server. */
  readonly path?: string;
  /** Why the gate refused. */
  readonly reason?: string;
  /** For the log, never for a caller: e.g. the last lines that a server printed before it died. */
  readonly detail?: string;

  constructor(code: BridgeErrorCode, message: string, evidence: BridgeErrorEvidence = {}) {
    super(message, evidence.cause === undefined ? undefined : { cause: evidence.cause });
    this.code = code;
    if (evidence.server !== undefined) this.server = evidence.server;
    if (evidence.tool !== undefined) this.tool = evidence.tool;
    if (evidence.path !== undefined) this.path = evidence.path;
    if (evidence.reason !== undefined) this.reason = evidence.reason;
    if (evidence.detail !== undefined) this.detail = evidence.detail;
  }
}
