import type { AuthorityEntry, Grant } from '@latchkey/auth-core';
import { BridgeError, type McpHost, pluginId, type ToolOutcome, type Toolset } from '@latchkey/mcp-bridge';
import type { IntegrationRequest } from '../contracts/chat-request.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatToolset, ToolCallOutcome } from '../contracts/toolset.ts';
import { createPermissionGate, type Decide } from './permission-gate.ts';

/**
 * Opens the tools of one request: what its `integrations` name, as far as the token and the servers permit.
 * Whatever is named and not permitted refuses the whole request: a model must not run silently without it.
 * Throws ServerError `PERMISSION_DENIED`, `PLUGIN_UNAVAILABLE`.
 */
export async function openToolset(
  host: McpHost,
  integrations: readonly IntegrationRequest[],
  decide: Decide,
  signal: AbortSignal,
): Promise<ChatToolset> {
  // Of a plugin with an empty list of tools nothing is asked.
  const plugins = integrations.map(requirePlugin).filter(({ allowedTools }) => allowedTools?.length !== 0);
  if (plugins.length === 0) return emptyToolset;
  const gate = createPermissionGate(decide, [requestEntry(plugins)]);
  try {
    return toChatToolset(
      await host.openToolset(
        plugins.map(({ id, allowedTools }) => ({
          server: id,
          ...(allowedTools === undefined ? {} : { allowedTools }),
        })),
        gate,
        signal,
      ),
    );
  } catch (error) {
    throw toServerError(error);
  }
}

type Plugin = Extract<IntegrationRequest, { type: 'plugin' }>;

function requirePlugin(integration: IntegrationRequest): Plugin {
  if (integration.type === 'plugin') return { ...integration, id: normalise(integration.id) };
  throw new ServerError(
    'PERMISSION_DENIED',
    `Permission denied to use the per-request MCP server '${integration.serverLabel}': this server does not allow ` +
      'MCP servers that a request brings along. Ask its operator to add the server to mcp.json.',
    { param: 'integrations' },
  );
}

/** `mcp/My_Files` and `mcp/my-files` are one, as in LM Studio. */
function normalise(id: string): string {
  return id.startsWith('mcp/') ? pluginId(id.slice('mcp/'.length)) : id;
}

/** The request as one more grant: it can only narrow what the token has. */
function requestEntry(plugins: readonly Plugin[]): AuthorityEntry {
  const tools = new Map<string, string[]>();
  for (const { id, allowedTools } of plugins) tools.set(id, [...(tools.get(id) ?? []), ...(allowedTools ?? ['*'])]);
  const mcp: Grant['mcp'] = Object.fromEntries(
    [...tools].map(([id, names]) => [id, { tools: Object.fromEntries(names.map((name) => [name, {}])) }]),
  );
  return { source: 'this request', grant: { actions: ['chat'], models: ['*'], mcp } };
}

function toServerError(error: unknown): unknown {
  if (!(error instanceof BridgeError)) return error;
  const options = { param: 'integrations', cause: error };
  const server = error.server ?? 'mcp/?';
  switch (error.code) {
    case 'MCP_DENIED':
      return new ServerError(
        'PERMISSION_DENIED',
        `Permission denied to use plugin '${server}': ${error.reason ?? 'no grant allows it'}`,
        options,
      );
    case 'MCP_TOOL_UNAVAILABLE':
      return new ServerError(
        'PERMISSION_DENIED',
        `Permission denied to use tool '${error.tool ?? '?'}' of plugin '${server}': ` +
          'it is not among the tools that this token may call there.',
        options,
      );
    case 'MCP_NO_TOOLS':
      return new ServerError(
        'PERMISSION_DENIED',
        `Permission denied to use plugin '${server}': this token may call none of its tools.`,
        options,
      );
    case 'MCP_SERVER_UNKNOWN':
      return new ServerError(
        'PLUGIN_NOT_FOUND',
        `There is no plugin '${server}'. Plugins are named owner/name; a server of mcp.json is mcp/<label>, ` +
          'in lower case and with hyphens for underscores.',
        options,
      );
    case 'MCP_CONNECTION_FAILED':
    case 'MCP_CLOSED':
      return new ServerError(
        'PLUGIN_UNAVAILABLE',
        `Plugin '${server}' did not start or did not answer. Its operator finds the reason in the server's log.`,
        options,
      );
    default:
      return error;
  }
}

function toChatToolset(toolset: Toolset): ChatToolset {
  const byName = new Map(toolset.tools.map((tool) => [tool.name, tool]));
  return {
    definitions: toolset.tools.map((tool) => ({
      name: tool.name,
      parameters: tool.inputSchema,
      ...(tool.description === undefined ? {} : { description: tool.description }),
    })),
    describe: (name) => {
      const tool = byName.get(name);
      return tool && { tool: tool.tool, origin: { type: 'plugin', pluginId: tool.server } };
    },
    call: async (name, args, signal) => toOutcome(name, args, await toolset.call(name, args, { signal })),
    [Symbol.asyncDispose]: () => toolset.close(),
  };
}

function toOutcome(alias: string, args: Record<string, unknown>, outcome: ToolOutcome): ToolCallOutcome {
  const tool = outcome.tool ?? alias;
  const origin = outcome.server === undefined ? undefined : ({ type: 'plugin', pluginId: outcome.server } as const);
  if (outcome.type === 'success') {
    const { output, text, isError } = outcome;
    const shown = { type: 'plugin', pluginId: outcome.server } as const;
    return { type: 'ran', tool, origin: shown, arguments: args, output, text: isError ? `Error: ${text}` : text };
  }
  if (outcome.kind === 'invalid_name' || origin === undefined) {
    return { type: 'refused', kind: 'invalid_name', tool, reason: outcome.reason };
  }
  if (outcome.kind === 'invalid_arguments' || outcome.kind === 'denied') {
    return { type: 'refused', kind: 'invalid_arguments', tool, origin, arguments: args, reason: outcome.reason };
  }
  // The call was right and the tool failed. LM Studio's API knows only calls that ran and calls that were not valid.
  const text = `Error: ${outcome.reason}`;
  return { type: 'ran', tool, origin, arguments: args, output: JSON.stringify([{ type: 'text', text }]), text };
}

const emptyToolset: ChatToolset = {
  definitions: [],
  describe: () => undefined,
  call: async (name) => ({
    type: 'refused',
    kind: 'invalid_name',
    tool: name,
    reason: `tool "${name}" is not available`,
  }),
  [Symbol.asyncDispose]: async () => {},
};
