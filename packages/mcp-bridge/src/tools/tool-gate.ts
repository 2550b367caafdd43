import type { ToolEffect } from './tool-effect.ts';

/**
 * A question to a gate. With `server` only: may anything of it be used? With `tool`: may it be listed? With
 * `arguments`: may this exact call be made?
 */
export interface ToolGateCall {
  /** The plugin id as written in the request, e.g. `mcp/files`. It need not exist. */
  readonly server: string;
  /** The tool's own name, never its alias. */
  readonly tool?: string;
  /** Exactly what will be sent, frozen. */
  readonly arguments?: Record<string, unknown>;
  /** The names that the tool's schema gives its arguments, besides those in `arguments`. */
  readonly argumentNames?: readonly string[];
  /**
   * What the tool does, by the annotations of its pinned definition; of one that is not pinned, `destructive`. Absent: the
   * tool was not listed yet.
   */
  readonly effect?: ToolEffect;
}

/**
 * A gate's answer. `arguments` are sent instead of those that the gate was asked about, e.g. after a person changed
 * them, or with resolved paths. They are frozen, and checked against the tool's schema like any others. `reason` is
 * shown to the model and to the caller.
 */
export type ToolVerdict =
  | { readonly allowed: true; readonly arguments?: Record<string, unknown> }
  | { readonly allowed: false; readonly reason: string };

/** What a gate may need for its decision. */
export interface ToolGateContext {
  /**
   * Fires when no caller is waiting for the answer any more. A gate may wait for a person: the time limit of the call
   * has not started yet.
   */
  readonly signal: AbortSignal;
  /**
   * Returns why arguments do not fit the tool's schema, or undefined. Present for calls; a listing has nothing to
   * check.
   */
  readonly problemOf?: (args: Record<string, unknown>) => string | undefined;
}

/**
 * Decides what may be used. One function answers for servers, listings and calls, so that the three cannot diverge. It
 * is asked again for every call. An exception counts as a denial.
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
