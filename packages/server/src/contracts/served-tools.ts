/** A tool as the clients of `/mcp` are told about it. */
export interface ServedTool {
  /** The name that they call it by. */
  readonly name: string;
  readonly description?: string;
  /** A JSON Schema of type `object`. */
  readonly inputSchema: Record<string, unknown>;
}

/** One part of a result as MCP has it: `text`, `image`, `audio`, `resource` or `resource_link`. */
export interface ServedContent {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** What came of a call. */
export interface ServedResult {
  readonly content: readonly ServedContent[];
  /** The tool failed, or the call was not made; `content` says why. */
  readonly isError: boolean;
}

/** What is known of a call before its result: what its tool reports, or that a person is to decide about it. */
export type CallProgress =
  | { readonly type: 'moved'; readonly progress: number; readonly total?: number; readonly message?: string }
  | { readonly type: 'waiting'; readonly approval: string };

/** The tools that one request to `/mcp` may use: those that its token and the servers together permit. */
export interface ServedTools {
  /** In an order that does not change. Servers that can't tell in time what they offer are left out. */
  list(signal: AbortSignal): Promise<readonly ServedTool[]>;
  /**
   * Decides again, with the arguments, and runs the call. Undefined: there is no such tool for this caller, be it
   * forbidden or made up.
   */
  call(
    name: string,
    args: Record<string, unknown>,
    signal: AbortSignal,
    onProgress?: (news: CallProgress) => void,
  ): Promise<ServedResult | undefined>;
}
