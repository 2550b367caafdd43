import {
  BridgeError,
  type DefinitionFlag,
  type McpHostView,
  pluginId,
  type SandboxReport,
  type ToolEffect,
  type ToolGate,
} from '@latchkey/mcp-bridge';
import { withoutAbsent } from '../config/without-absent.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { McpSwitches } from './mcp-switches.ts';
import type { Decide } from './permission-gate.ts';
import type { TaintRules } from './taint.ts';
import { unmatchedToolLabels } from './unmatched-labels.ts';

/** How long a listing waits for a server to start; it continues to start after that, for the next listing. */
const LIST_MILLISECONDS = 10_000;

/** A server of the mcp.json, as its operator sees it. */
export interface ListedServer {
  readonly label: string;
  /** The plugin id, e.g. `mcp/files`. */
  readonly id: string;
  readonly transport: 'stdio' | 'http' | 'sse' | 'unreadable';
  readonly state: string;
  /** Its last failure; null if there was none. */
  readonly error: string | null;
  readonly description: string | null;
  /** Settings of its entry in the mcp.json that have no effect. */
  readonly warnings: readonly string[];
  /** The sandbox layers of a program; null for a remote server. */
  readonly sandbox: SandboxReport | null;
  /** The tools that the caller may call; null while the server is not running. */
  readonly tools: readonly ListedTool[] | null;
  /**
   * Problems of its list of tools, as far as they concern tools that the caller may call, and names in `toolLabels`
   * that it does not have; null while it is not running.
   */
  readonly problems: readonly string[] | null;
  /** The tools that the caller could call after their approval; null while the server is not running. */
  readonly pins: { readonly held: readonly HeldTool[] } | null;
  /** How the caller is signed in to it; null for a server without logins. */
  readonly login: ListedLogin | null;
}

export interface ListedLogin {
  /** Whose account is used. */
  readonly account: 'user' | 'shared';
  readonly signedIn: boolean;
  /** Whether it needs a login that is not there. */
  readonly wanted: boolean;
}

export interface ListedTool {
  readonly name: string;
  readonly description: string | null;
  /** Its class, by its pinned definition: what a grant's `@readOnly` and the like go by. */
  readonly effect: ToolEffect;
  /** Properties of its definition that a person should check. */
  readonly flags: readonly DefinitionFlag[];
}

export interface HeldTool {
  readonly name: string;
  readonly state: 'changed' | 'new';
  readonly flags: readonly DefinitionFlag[];
}

export interface ListServersOptions {
  readonly host: Pick<McpHostView, 'servers' | 'tools' | 'review'>;
  readonly decide: Decide;
  readonly switches: () => Pick<McpSwitches, 'allowMcpJson'>;
  readonly toolLabels: TaintRules['toolLabels'];
  /** Absent: no server is signed in to. */
  readonly loginAt?: (id: string) => Promise<ListedLogin | null>;
  /** Start servers that are not running, if the caller may use them. */
  readonly start: boolean;
  /** The label or the id of the only server to list and to start. Absent: all. */
  readonly only?: string | undefined;
  readonly signal: AbortSignal;
  readonly listMilliseconds?: number;
}

/**
 * The servers of the mcp.json in its order, each with the tools that the caller's authority allows. A server that does
 * not start is listed with the reason, and delays the others by ten seconds at most.
 */
export async function listServers(options: ListServersOptions): Promise<readonly ListedServer[]> {
  const { host, decide, switches, toolLabels, start, only, signal, listMilliseconds = LIST_MILLISECONDS } = options;
  const { loginAt = async () => null } = options;
  const wanted = only === undefined ? undefined : pluginId(only.replace(/^mcp\//, ''));
  const isListed = ({ id, label }: { readonly id: string; readonly label: string }): boolean =>
    only === undefined || [wanted, only].includes(id) || label === only;
  const gate: ToolGate = ({ server, tool, effect }) => {
    const asked = { server, ...withoutAbsent({ name: tool, effect }) };
    const allowed = switches().allowMcpJson && decide({ action: 'chat', mcp: asked }, []).allowed;
    return allowed ? { allowed } : { allowed, reason: 'no grant allows it' };
  };
  const patience = AbortSignal.any([signal, AbortSignal.timeout(listMilliseconds)]);

  const isPermitted = (server: string, name: string, effect: ToolEffect): boolean =>
    switches().allowMcpJson && decide({ action: 'chat', mcp: { server, name, effect } }, []).allowed;
  const problemsOf = (id: string): readonly string[] =>
    (host.servers().find((server) => server.id === id)?.problems ?? [])
      .filter(({ tool }) => tool === undefined || isPermitted(id, tool, 'destructive'))
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
      const held = reviewed.flatMap(({ name, state, flags, effect, held: isHeld }) =>
        isHeld && state !== 'approved' && isPermitted(id, name, effect) ? [{ name, state, flags }] : [],
      );
      return {
        tools: tools.map(({ name, description = null, effect }) => ({
          name,
          description,
          effect,
          flags: flagsOf.get(name) ?? [],
        })),
        problems: problemsOf(id),
        pins: { held },
      };
    } catch (error) {
      signal.throwIfAborted();
      // A failure is part of the server's state, which is read afterwards.
      if (error instanceof BridgeError || patience.aborted) return unknown;
      throw error;
    }
  };
  const listedServers = host.servers().filter(isListed);
  const tools = new Map(await Promise.all(listedServers.map(async ({ id }) => [id, await toolsOf(id)] as const)));
  const logins = new Map(await Promise.all(listedServers.map(async ({ id }) => [id, await loginAt(id)] as const)));
  const unmatched = unmatchedToolLabels(toolLabels, names);
  return host
    .servers()
    .filter(isListed)
    .map((status) => {
      const { label, id, transport, state, error = null, description = null, warnings, sandbox = null } = status;
      const listed = tools.get(id) ?? unknown;
      const problems = listed.problems && [...listed.problems, ...(unmatched.get(id) ?? [])];
      const login = logins.get(id) ?? null;
      return { label, id, transport, state, error, description, warnings, sandbox, ...listed, problems, login };
    });
}

const unknown = { tools: null, problems: null, pins: null };

/**
 * The last lines that a server wrote to its standard error. Throws ServerError `PLUGIN_NOT_FOUND`.
 *
 * @param label as in the mcp.json or in the plugin id
 */
export function readServerOutput(
  host: Pick<McpHostView, 'output'>,
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
