import type { McpLimits } from '../limits.ts';
import type { SandboxWish } from '../sandbox/sandbox-profile.ts';
import type { LoginSettings } from './read-login.ts';

/** The tools of a server that the mcp.json leaves in. It can only restrict what tokens allow. */
export interface ToolFilter {
  /** Only these; `*` stands for any run of characters. Absent: all. */
  readonly include?: readonly string[];
  /** Excluded, even if `include` contains them. */
  readonly exclude?: readonly string[];
}

/**
 * How much of the definition of a tool is pinned: `everything`; `schemas`, which is its name, its schemas and its
 * annotations without the prose in them, for servers whose descriptions carry a date or a count; `nothing`.
 */
export type PinDegree = 'everything' | 'schemas' | 'nothing';

/** The limits that an entry may set for its server. Absent: the host's. */
export type ServerLimits = Partial<
  Pick<McpLimits, 'startTimeoutMs' | 'callTimeoutMs' | 'callTotalTimeoutMs' | 'messageBytes' | 'resultBytes'>
>;

interface ServerEntryBase extends ServerLimits {
  /** The key in the mcp.json, as written. */
  readonly label: string;
  /** The plugin id, see `pluginId`. */
  readonly id: string;
  /** The operator's description of it. */
  readonly description?: string;
  /** Absent: all tools. */
  readonly tools?: ToolFilter;
  /** How much of the definitions of its tools is pinned. Absent: what the host says. */
  readonly pinned?: PinDegree;
  /** The parts of this entry that have no effect, with the paths of the keys. */
  readonly warnings?: readonly string[];
  /** Why this server cannot be started although the file is valid, e.g. an unset environment variable. */
  readonly problem?: string;
}

/** A server that is a child process and speaks on its standard input and output. */
export interface StdioServerEntry extends ServerEntryBase {
  readonly transport: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The full path of the file with further variables. */
  readonly envFile?: string;
  /**
   * A program, with its arguments, that prints further variables. It runs before each start and takes precedence over
   * `env`.
   */
  readonly envCommand?: readonly string[];
  readonly cwd?: string;
  /**
   * The variables under `env` in the mcp.json itself, if an `envFile` adds others: only these name places. Absent: all
   * of `env`.
   */
  readonly namedVariables?: Readonly<Record<string, string>>;
  /** The values that replaced placeholders in the command and its arguments; they are hidden in the server's output. */
  readonly secrets?: readonly string[];
  /**
   * SHA-256 of the command's file and of files among its arguments, in hex. A file with another digest is not started.
   */
  readonly sha256?: Readonly<Record<string, string>>;
  /** Absent: `auto`. */
  readonly sandbox?: SandboxWish;
  /** Ports of this machine that can be reached from its sandbox, besides those in its arguments and variables. */
  readonly ports?: readonly number[];
}

interface RemoteServerEntry extends ServerEntryBase {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * A program, with its arguments, that prints further headers. It runs when they are first needed and after a 401, and
   * takes precedence over `headers`.
   */
  readonly headersCommand?: readonly string[];
  /** How it is signed in to. Absent: by the defaults, if the server asks for it and gets no credentials by headers. */
  readonly login?: LoginSettings;
  /** Set when the file says that it is not signed in to. */
  readonly refusesLogin?: true;
}

/** A server that is reached by streamable HTTP. */
export interface HttpServerEntry extends RemoteServerEntry {
  readonly transport: 'http';
  /** Set when the file does not say which transport it is: HTTP+SSE is tried if this one is not supported. */
  readonly sseFallback?: true;
}

/** A server that is reached by the older HTTP+SSE. */
export interface SseServerEntry extends RemoteServerEntry {
  readonly transport: 'sse';
}

/** A server with an invalid entry: it is listed with the problem, and never started. */
export interface UnreadableServerEntry extends ServerEntryBase {
  readonly transport: 'unreadable';
  readonly problem: string;
}

export type McpServerEntry = StdioServerEntry | HttpServerEntry | SseServerEntry | UnreadableServerEntry;

/** A parsed mcp.json: label to server, in the file's order, and the parts of the file that had no effect. */
export interface McpConfig {
  readonly servers: ReadonlyMap<string, McpServerEntry>;
  /** Ignored keys, with their paths. They are always reported and never grant anything. */
  readonly warnings: readonly string[];
  /** The plugin ids of servers that the file switches off. Absent: none. */
  readonly disabled?: readonly string[];
}
