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
  /** The names that the tool's definition gives its arguments, beside `arguments`: the properties of its schema. */
  readonly argumentNames?: readonly string[];
}

/**
 * A gate's answer. `arguments` are sent in place of those that the gate was asked about, e.g. because a person has
 * changed them, or with real paths for those that were asked about; they are frozen, and checked against the tool's schema like any. `reason` is shown to the model and to
 * the caller.
 */
export type ToolVerdict =
  | { readonly allowed: true; readonly arguments?: Record<string, unknown> }
  | { readonly allowed: false; readonly reason: string };

/** What a gate may need while it decides. */
export interface ToolGateContext {
  /** Fires when nobody waits for the answer any more. A gate may wait for a person: no time of the call runs yet. */
  readonly signal: AbortSignal;
  /** What the tool's schema has against arguments, or undefined when they fit. For calls; a listing has nothing to check. */
  readonly problemOf?: (args: Record<string, unknown>) => string | undefined;
}

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
export type ToolGate = (call: ToolGateCall, context: ToolGateContext) => ToolVerdict | Promise<ToolVerdict>;
