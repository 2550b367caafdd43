import {
  BridgeError,
  type DefinitionFlag,
  type McpHost,
  pluginId,
  type SandboxReport,
  type ToolGate,
} from '@latchkey/mcp-bridge';
import { ServerError } from '../contracts/server-error.ts';
import type { McpSwitches } from './mcp-switches.ts';
import type { Decide } from './permission-gate.ts';
import type { TaintRules } from './taint.ts';
import { unmatchedToolLabels } from './unmatched-labels.ts';

/** How long a listing waits for a server to start; it goes on starting for the next one. */
const LIST_MILLISECONDS = 10_000;

/** A server of the mcp.json, as its operator looks at it. */
export interface ListedServer {
  readonly label: string;
  /** The plugin id, e.g. `mcp/files`. */
  readonly id: string;
  readonly transport: 'stdio' | 'http' | 'sse' | 'unreadable';
  readonly state: string;
  /** Why it last failed; null when it did not. */
  readonly error: string | null;
  readonly description: string | null;
  /** What of its entry in the mcp.json has no effect. */
  readonly warnings: readonly string[];
  /** The layers around a program; null for a remote server. */
  readonly sandbox: SandboxReport | null;
  /** Those that the caller may call; null while the server does not run. */
  readonly tools: readonly ListedTool[] | null;
  /**
   * What is wrong with its list of tools, as far as it is about tools that the caller may call, and names in `toolLabels` that
   * it does not have; null while it does not run.
   */
  readonly problems: readonly string[] | null;
  /** Those that the caller could call once they are approved; null while the server does not run. */
  readonly pins: { readonly held: readonly HeldTool[] } | null;
}

export interface ListedTool {
  readonly name: string;
  readonly description: string | null;
  /** What of its definition a person should look at. */
  readonly flags: readonly DefinitionFlag[];
}

export interface HeldTool {
  readonly name: string;
  readonly state: 'changed' | 'new';
  readonly flags: readonly DefinitionFlag[];
}

export interface ListServersOptions {
  readonly host: Pick<McpHost, 'servers' | 'tools' | 'review'>;
  readonly decide: Decide;
  readonly switches: () => Pick<McpSwitches, 'allowMcpJson'>;
  readonly toolLabels: TaintRules['toolLabels'];
  /** Start what does not run, as far as the caller may use it. */
  readonly start: boolean;
  readonly signal: AbortSignal;
  readonly listMilliseconds?: number;
}

/**
 * The servers of the mcp.json in its order, and of each the tools that the caller's authority allows. A server that
 * does not start is told with the reason, and delays the others by ten seconds at most.
 */
export async function listServers(options: ListServersOptions): Promise<readonly ListedServer[]> {
  const { host, decide, switches, toolLabels, start, signal, listMilliseconds = LIST_MILLISECONDS } = options;
  const gate: ToolGate = ({ server, tool }) => {
    const wanted = { server, ...(tool === undefined ? {} : { name: tool }) };
    const allowed = switches().allowMcpJson && decide({ action: 'chat', mcp: wanted }, []).allowed;
    return allowed ? { allowed } : { allowed, reason: 'no grant allows it' };
  };
  const patience = AbortSignal.any([signal, AbortSignal.timeout(listMilliseconds)]);

  const isPermitted = (server: string, name: string): boolean =>
    switches().allowMcpJson && decide({ action: 'chat', mcp: { server, name } }, []).allowed;
  const problemsOf = (id: string): readonly string[] =>
    (host.servers().find((server) => server.id === id)?.problems ?? [])
      .filter(({ tool }) => tool === undefined || isPermitted(id, tool))
      .map(({ text }) => text);
  const names = new Map<string, readonly string[] | undefined>(host.servers().map(({ id }) => [id, undefined]));
  const toolsOf = async (id: string): Promise<Pick<ListedServer, 'tools' | 'problems' | 'pins'>> => {
    const mayStart = start && switches().allowMcpJson && decide({ action: 'chat', mcp: { server: id } }, []).allowed;
    try {
      const tools = await host.tools(id, gate, { start: mayStart, signal: patience });
      const reviewed = tools && (await host.review(id, { start: false, signal: patience }));
      if (tools === undefined || reviewed === undefined) return unknown;
      names.set(
        id,
        reviewed.map(({ name }) => name),
      );
      const flagsOf = new Map(reviewed.map(({ name, flags }) => [name, flags]));
      const held = reviewed.flatMap(({ name, state, flags, held: isHeld }) =>
        isHeld && state !== 'approved' && isPermitted(id, name) ? [{ name, state, flags }] : [],
      );
      return {
        tools: tools.map(({ name, description = null }) => ({ name, description, flags: flagsOf.get(name) ?? [] })),
        problems: problemsOf(id),
        pins: { held },
      };
    } catch (error) {
      signal.throwIfAborted();
      // What failed is in the state of the server, which is read afterwards.
      if (error instanceof BridgeError || patience.aborted) return unknown;
      throw error;
    }
  };
  const tools = new Map(await Promise.all(host.servers().map(async ({ id }) => [id, await toolsOf(id)] as const)));
  const unmatched = unmatchedToolLabels(toolLabels, names);
  return host.servers().map((status) => {
    const { label, id, transport, state, error = null, description = null, warnings, sandbox = null } = status;
    const listed = tools.get(id) ?? unknown;
    const problems = listed.problems && [...listed.problems, ...(unmatched.get(id) ?? [])];
    return { label, id, transport, state, error, description, warnings, sandbox, ...listed, problems };
  });
}

const unknown = { tools: null, problems: null, pins: null };

/**
 * What a server printed last on its standard error, line by line. Throws ServerError `PLUGIN_NOT_FOUND`.
 *
 * @param label as it stands in the mcp.json, or as the plugin id has it
 */
export function readServerOutput(
  host: Pick<McpHost, 'output'>,
  label: string,
): { readonly id: string; readonly lines: readonly string[] } {
  const id = pluginId(label);
  try {
    const text = host.output(id);
    return { id, lines: text === '' ? [] : text.split('\n') };
  } catch (cause) {
    if (!(cause instanceof BridgeError)) throw cause;
    throw new ServerError('PLUGIN_NOT_FOUND', `There is no MCP server '${label.slice(0, 64)}' in mcp.json.`, { cause });
  }
}
