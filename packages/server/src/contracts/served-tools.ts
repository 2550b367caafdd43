/** A tool as described to the clients of `/mcp`. */
export interface ServedTool {
  /** The name by which clients call it. */
  readonly name: string;
  readonly description?: string;
  /** A JSON Schema of type `object`. */
  readonly inputSchema: Record<string, unknown>;
}

/** One part of an MCP result: `text`, `image`, `audio`, `resource` or `resource_link`. */
export interface ServedContent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** The result of a call. */
export interface ServedResult {
  readonly content: readonly ServedContent[];
  /** The tool failed, or the call was not made; `content` says why. */
  readonly isError: boolean;
}

/** Progress of a call before its result: reported by its tool, or that it waits for a person. */
export type CallProgress =
  | { readonly type: 'moved'; readonly progress: number; readonly total?: number; readonly message?: string }
  | { readonly type: 'waiting'; readonly approval: string };

/** The tools that one request to `/mcp` may use: those that its token and the servers permit. */
export interface ServedTools {
  /** Lists the tools in a stable order. Servers that do not answer in time are left out. */
  list(signal: AbortSignal): Promise<readonly ServedTool[]>;
  /**
   * Decides again, with the arguments, and runs the call. Undefined when there is no such tool for this caller, whether
   * it is forbidden or does not exist.
   */
  call(
    name: string,
    args: Record<string, unknown>,
    signal: AbortSignal,
    onProgress?: (news: CallProgress) => void,
  ): Promise<ServedResult | undefined>;
}
