/**
 * The errors before a tool is called. A failure of the call itself is a value, see `ToolOutcome`.
 *
 * - `MCP_CONFIG_INVALID`: the mcp.json cannot be used; `path` is the invalid key.
 * - `MCP_SERVER_UNKNOWN`: the gate allows the server, but the mcp.json contains no server with that id.
 * - `MCP_CONNECTION_FAILED`: the server could not be started, reached or asked for its tools in time, or its approved
 *   definitions could not be read.
 * - `MCP_DENIED`: the gate refused the server; `reason` is the gate's.
 * - `MCP_TOOL_UNAVAILABLE`: a tool that was requested by name does not exist or is not permitted; the error does not
 *   reveal which.
 * - `MCP_TOOL_CHANGED`: a definition has changed since it was reviewed for approval.
 * - `MCP_NO_TOOLS`: no tool of the server is permitted; `reason`, if there is one, says why it offers none at all.
 * - `MCP_EPHEMERAL_INVALID`: a request-scoped server is invalid; `path` is the invalid field.
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

/** The details of a {@link BridgeError} besides its code and message. */
export interface BridgeErrorEvidence {
  readonly server?: string | undefined;
  readonly tool?: string | undefined;
  readonly path?: string | undefined;
  readonly reason?: string | undefined;
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error class of this package; `code` identifies the kind of error. The message is safe to show to a caller;
 * `detail` and `cause` are for the log only, because they may contain output of a server.
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
  /**
   * The invalid key of the mcp.json, e.g. `mcpServers.files.args[1]`, or the invalid field of a request-scoped server.
   */
  readonly path?: string;
  /** Why the gate refused, which login a server wants, or why a server has no tools. */
  readonly reason?: string;
  /** For the log, never for a caller: e.g. the last lines of output before the server died. */
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
