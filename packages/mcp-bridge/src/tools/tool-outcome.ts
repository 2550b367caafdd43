/** One part of a result as MCP has it: `text`, `image`, `audio`, `resource` or `resource_link`. */
export interface McpContent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** A call that reached its tool and was answered. */
export interface ToolSuccess {
  readonly type: 'success';
  /** The plugin id. */
  readonly server: string;
  /** The tool's own name. */
  readonly tool: string;
  /** What was sent. */
  readonly arguments: Record<string, unknown>;
  /** The content as the server sent it, within the limit for one result; hidden characters are escaped. */
  readonly content: readonly McpContent[];
  /** `content` as JSON text: what the API shows. */
  readonly output: string;
  /** What the model reads. */
  readonly text: string;
  /** Whether the tool itself reports a failure; `text` describes it. */
  readonly isError: boolean;
}

/**
 * Why a call was not made or not answered:
 *
 * - `invalid_name`: no such tool in this toolset, whether it is forbidden or does not exist;
 * - `invalid_arguments`: not an object, or not what the tool's schema asks for;
 * - `denied`: the gate refused this call;
 * - `timeout`: silent for too long, or too long in all;
 * - `aborted`: the caller's signal, or the toolset was closed;
 * - `unavailable`: the server is down, or it is no longer the one that was listed;
 * - `failed`: the server answered with an error, or with something that is not a result.
 */
export type ToolFailureKind =
  | 'invalid_name'
  | 'invalid_arguments'
  | 'denied'
  | 'timeout'
  | 'aborted'
  | 'unavailable'
  | 'failed';

/** A call that was not made or not answered. */
export interface ToolFailure {
  readonly type: 'failure';
  readonly kind: ToolFailureKind;
  readonly server?: string;
  /** The tool's own name; if there is no such tool, the name that the model wrote. */
  readonly tool: string;
  readonly arguments?: Record<string, unknown>;
  /** Safe to show to the model, so that it can correct the call. */
  readonly reason: string;
}

/** The outcome of a tool call: always a value, never an exception. */
export type ToolOutcome = ToolSuccess | ToolFailure;
