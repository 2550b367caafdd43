interface ServerEntryBase {
  /** The key in the mcp.json, as written. */
  readonly label: string;
  /** The plugin id, see `pluginId`. */
  readonly id: string;
  /** Why this server can't be started although the file is sound, e.g. an environment variable that is not set. */
  readonly problem?: string;
}

/** A server that is a child process and speaks on its standard input and output. */
export interface StdioServerEntry extends ServerEntryBase {
  readonly transport: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A server that is reached by streamable HTTP. */
export interface HttpServerEntry extends ServerEntryBase {
  readonly transport: 'http';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export type McpServerEntry = StdioServerEntry | HttpServerEntry;

/** A parsed mcp.json: label to server, in the file's order, and what in the file had no effect. */
export interface McpConfig {
  readonly servers: ReadonlyMap<string, McpServerEntry>;
  /** Keys that were read over, with their paths; never silent, never authority. */
  readonly warnings: readonly string[];
}
