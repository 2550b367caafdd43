import type { SandboxWish } from '../sandbox/sandbox-profile.ts';

/** Which of a server's tools the mcp.json leaves; it can only take away from what tokens allow. */
export interface ToolFilter {
  /** Only these; `*` stands for any run of characters. Absent: all. */
  readonly include?: readonly string[];
  /** Not these, whatever `include` says. */
  readonly exclude?: readonly string[];
}

interface ServerEntryBase {
  /** The key in the mcp.json, as written. */
  readonly label: string;
  /** The plugin id, see `pluginId`. */
  readonly id: string;
  /** What its operator says of it. */
  readonly description?: string;
  /** Absent: all tools. */
  readonly tools?: ToolFilter;
  /** How long a call may be silent. Absent: as long as the host's limits say. */
  readonly callTimeoutMs?: number;
  /** What of this entry has no effect, with the paths of the keys. */
  readonly warnings?: readonly string[];
  /** Why this server can't be started although the file is sound, e.g. an environment variable that is not set. */
  readonly problem?: string;
}

/** A server that is a child process and speaks on its standard input and output. */
export interface StdioServerEntry extends ServerEntryBase {
  readonly transport: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The file that more of it was read from: a full path. */
  readonly envFile?: string;
  /** A program, and its arguments, that prints more of the environment: run before each start, and it wins over `env`. */
  readonly envCommand?: readonly string[];
  readonly cwd?: string;
  /** What the mcp.json itself says under `env`, where an `envFile` says more: only these name places. Absent: all of `env`. */
  readonly namedVariables?: Readonly<Record<string, string>>;
  /** What placeholders were replaced by in the command and its arguments: not to be shown when the server prints it. */
  readonly secrets?: readonly string[];
  /** SHA-256 of the command's file and of files among its arguments, in hex: another one is not started. */
  readonly sha256?: Readonly<Record<string, string>>;
  /** Absent: `auto`. */
  readonly sandbox?: SandboxWish;
  /** Ports of this machine that its sandbox lets it reach, besides those that its arguments and variables name. */
  readonly ports?: readonly number[];
}

interface RemoteServerEntry extends ServerEntryBase {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A program, and its arguments, that prints more headers: run when first needed and after a 401; it wins over `headers`. */
  readonly headersCommand?: readonly string[];
}

/** A server that is reached by streamable HTTP. */
export interface HttpServerEntry extends RemoteServerEntry {
  readonly transport: 'http';
  /** The file does not say which of the two transports it is: HTTP+SSE is tried when this one is not understood. */
  readonly sseFallback?: true;
}

/** A server that is reached by the older HTTP+SSE. */
export interface SseServerEntry extends RemoteServerEntry {
  readonly transport: 'sse';
}

/** A server whose entry is not understood: it is listed with what is wrong, and never started. */
export interface UnreadableServerEntry extends ServerEntryBase {
  readonly transport: 'unreadable';
  readonly problem: string;
}

export type McpServerEntry = StdioServerEntry | HttpServerEntry | SseServerEntry | UnreadableServerEntry;

/** A parsed mcp.json: label to server, in the file's order, and what in the file had no effect. */
export interface McpConfig {
  readonly servers: ReadonlyMap<string, McpServerEntry>;
  /** Keys that were read over, with their paths; never silent, never authority. */
  readonly warnings: readonly string[];
  /** The plugin ids of those that the file has and switches off. Absent: none. */
  readonly disabled?: readonly string[];
}
