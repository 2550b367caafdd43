import { BridgeError } from '../errors.ts';
import type { ServerConnection } from '../host/connection.ts';
import type { ToolCatalogue, ToolProblem } from '../host/list-tools.ts';
import { raceAbort } from '../host/race-abort.ts';
import type { Freshness } from '../host/session.ts';
import type { BridgeLogger } from '../logger.ts';
import { askGate } from './ask-gate.ts';
import type { CallableTool } from './run-tool-call.ts';
import type { ToolGate } from './tool-gate.ts';
import { createToolset, type Toolset } from './toolset.ts';

/** The tools that a request selects from one server. */
export interface ToolSelection {
  /** The plugin id, e.g. `mcp/files`. */
  readonly server: string;
  /** The tools' own names. Absent: all that are permitted. Empty: none. */
  readonly allowedTools?: readonly string[];
}

export interface OpenToolsetOptions {
  readonly connections: ReadonlyMap<string, ServerConnection>;
  /** Returns the tools of a server's list that are not held back. */
  readonly approved: (server: string, tools: ToolCatalogue) => Promise<ToolCatalogue>;
  readonly gate: ToolGate;
  readonly logger: BridgeLogger;
  readonly signal: AbortSignal;
}

interface Wish {
  readonly connection: ServerConnection;
  readonly named: Set<string>;
  all: boolean;
}

/**
 * Opens the toolset of a request: configured ∧ permitted by the gate ∧ selected. Everything that can be refused without
 * starting a server is refused first, and a refusal never reveals whether the server or tool exists.
 */
export async function openToolset(selections: readonly ToolSelection[], options: OpenToolsetOptions): Promise<Toolset> {
  const wishes = await readWishes(selections, options);
  const permitted = await Promise.all([...wishes].map(([server, wish]) => listPermitted(server, wish, options)));
  return createToolset(permitted.flat(), options);
}

async function readWishes(
  selections: readonly ToolSelection[],
  { connections, gate, logger, signal }: OpenToolsetOptions,
): Promise<Map<string, Wish>> {
  const wishes = new Map<string, Wish>();
  for (const { server, allowedTools } of selections) {
    signal.throwIfAborted();
    const verdict = await askGate(gate, { server }, { signal }, logger);
    if (!verdict.allowed) {
      const { reason } = verdict;
      throw new BridgeError('MCP_DENIED', `The MCP server "${server}" may not be used: ${reason}`, { server, reason });
    }
    const connection = connections.get(server);
    if (connection === undefined) {
      throw new BridgeError('MCP_SERVER_UNKNOWN', `There is no MCP server "${server}" in the mcp.json.`, { server });
    }
    for (const tool of allowedTools ?? []) {
      const { allowed } = await askGate(gate, { server, tool }, { signal }, logger);
      if (!allowed) throw toolUnavailable(server, tool);
    }
    const wish = wishes.get(server) ?? { connection, named: new Set<string>(), all: false };
    for (const tool of allowedTools ?? []) wish.named.add(tool);
    wish.all ||= allowedTools === undefined;
    wishes.set(server, wish);
  }
  return wishes;
}

async function listPermitted(
  server: string,
  { connection, named, all }: Wish,
  { approved, gate, logger, signal }: OpenToolsetOptions,
): Promise<CallableTool[]> {
  if (!all && named.size === 0) return [];
  const list = async (freshness: Freshness): Promise<ToolCatalogue> => {
    const { tools: listed } = await connection.listed(freshness, signal);
    return raceAbort(approved(server, listed), signal);
  };
  let catalogue = await list('recent');
  // A tool that was asked for by name may be newer than the list.
  if ([...named].some((tool) => !catalogue.has(tool))) catalogue = await list('current');
  for (const tool of named) if (!catalogue.has(tool)) throw toolUnavailable(server, tool);
  const permitted: CallableTool[] = [];
  for (const [tool, callable] of catalogue) {
    if (!all && !named.has(tool)) continue;
    const effect = connection.effectOf(callable.definition);
    const { allowed } = await askGate(gate, { server, tool, effect }, { signal }, logger);
    if (allowed) permitted.push({ ...callable, connection });
    // The gate permitted the tool before the server was asked for its list.
    else if (named.has(tool)) throw toolUnavailable(server, tool);
  }
  if (permitted.length === 0) {
    const { tools: listed } = await connection.listed('known', signal);
    const reason = whyNone(listed, catalogue, connection.status().problems);
    throw new BridgeError('MCP_NO_TOOLS', `No tool of the MCP server "${server}" may be used.`, { server, reason });
  }
  return permitted;
}

/** Why a server has no tools to offer to any caller; undefined when it is the gate that permits none. */
function whyNone(listed: ToolCatalogue, approved: ToolCatalogue, problems: readonly ToolProblem[]): string | undefined {
  if (approved.size > 0) return undefined;
  if (listed.size > 0) return `all its tools are held back until they are approved (${listed.size}).`;
  const [first] = problems;
  const more = problems.length > 1 ? `, and ${problems.length - 1} more` : '';
  return first === undefined ? 'it lists none.' : `${first.text}${more}.`;
}

function toolUnavailable(server: string, tool: string): BridgeError {
  const message = `The tool "${tool}" of the MCP server "${server}" is not available.`;
  return new BridgeError('MCP_TOOL_UNAVAILABLE', message, { server, tool });
}
