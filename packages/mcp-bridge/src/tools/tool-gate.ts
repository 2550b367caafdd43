/**
 * What somebody wants to do. With `server` only: may anything of it be used? With `tool`: may it be listed? With
 * `arguments`: may this very call be made?
 */
export interface ToolGateCall {
  /** The plugin id as the request wrote it, e.g. `mcp/files`. It need not exist. */
  readonly server: string;
  /** The tool's own name, never its alias. */
  readonly tool?: string;
  /** Exactly what will be sent, frozen. */
  readonly arguments?: Record<string, unknown>;
}

/** A gate's answer; `reason` is shown to the model and to the caller. */
export type ToolVerdict = { readonly allowed: true } | { readonly allowed: false; readonly reason: string };

/**
 * Decides what may be used. One function answers for servers, listings and calls, so that the three can't drift apart.
 * It is asked again at every call. A gate that throws has denied.
 *
 * @example
 * ```ts
 * import type { ToolGate } from '@latchkey/mcp-bridge';
 *
 * export const readOnlyFiles: ToolGate = ({ server, tool }) =>
 *   server === 'mcp/files' && (tool === undefined || tool.startsWith('read_'))
 *     ? { allowed: true }
 *     : { allowed: false, reason: 'Only reading files is allowed.' };
 * ```
 */
export type ToolGate = (call: ToolGateCall) => ToolVerdict | Promise<ToolVerdict>;
