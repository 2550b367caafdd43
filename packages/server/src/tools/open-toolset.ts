import type { AuthorityEntry, ToolRule } from '@latchkey/auth-core';
import type { Grant } from '@latchkey/auth-core/llm';
import {
  BridgeError,
  type McpHost,
  pluginId,
  type ToolGateCall,
  type ToolOutcome,
  type Toolset,
} from '@latchkey/mcp-bridge';
import type { ToolAudit } from '../audit/tool-audit.ts';
import type { Confirmation, IntegrationRequest, RequiredApproval } from '../contracts/chat-request.ts';
import { type ErrorDetails, ServerError } from '../contracts/server-error.ts';
import type { ApprovalWait, ChatToolset, ToolCallOutcome } from '../contracts/toolset.ts';
import { type AskApproval, changedNote, whileWaiting } from './ask-approval.ts';
import { auditOutcome, isUnknown } from './audit-outcome.ts';
import { type CallCounter, createAuditedGate, type JudgedCall } from './audited-gate.ts';
import { ephemeralId, originOf, readEphemeralServers, toEphemeralError } from './ephemeral-servers.ts';
import type { ExplainApproval } from './explain-approval.ts';
import { MCP_JSON_IS_OFF, type McpSwitches } from './mcp-switches.ts';
import { createPermissionGate, type Decide } from './permission-gate.ts';
import type { RunTaint } from './taint.ts';

/** The context of a request whose tools are opened. */
export interface OpenToolsetOptions {
  readonly decide: Decide;
  /** Called for each call: a switch that is changed while a chat runs applies to it as well. */
  readonly switches: () => McpSwitches;
  readonly audit: ToolAudit;
  readonly signal: AbortSignal;
  /** Absent where no person can be asked: calls that need approval are refused. */
  readonly ask?: AskApproval;
  /** Absent where nothing is counted: calls that a rule limits are refused. */
  readonly counter?: CallCounter;
  /** Absent where no reasons are given. */
  readonly explain?: ExplainApproval;
  /** Absent where taint is not tracked. */
  readonly taint?: RunTaint;
}

/**
 * Opens the tools of one request: those that its `integrations` name, as far as the token and the servers permit. If an
 * integration is not permitted, the whole request is refused: a model must not silently run without it. Throws
 * ServerError `INVALID_REQUEST`, `PERMISSION_DENIED`, `PLUGIN_NOT_FOUND`, `PLUGIN_UNAVAILABLE`, `MCP_UNAVAILABLE`.
 */
export async function openToolset(
  host: Pick<McpHost, 'openToolset'>,
  integrations: readonly IntegrationRequest[],
  { decide, explain, switches, audit, signal, ask, counter, taint }: OpenToolsetOptions,
): Promise<ChatToolset> {
  // A server of which the request allows no tools is not used.
  const wanted = integrations.filter(({ allowedTools }) => allowedTools?.length !== 0);
  if (wanted.length === 0) return emptyToolset;
  const plugins = wanted.filter(isPlugin).map(normalise);
  const brought = wanted.filter(isEphemeral);
  const ephemeral = readEphemeralServers(brought, decide, () => switches().allowEphemeralMcp);
  const permission = createPermissionGate(decide, [requestEntry(plugins)], explain);
  const permitted = (call: ToolGateCall): JudgedCall => {
    const judged = ephemeral.judge(call);
    if (judged !== undefined) return judged;
    return switches().allowMcpJson ? permission(call) : MCP_JSON_IS_OFF;
  };
  const judge = (call: ToolGateCall): JudgedCall =>
    taint === undefined ? permitted(call) : taint.judge(call, permitted(call));
  const named = ephemeral.withHosts(audit);
  try {
    return await toChatToolset(
      [...plugins, ...brought.map((integration) => ({ ...integration, id: ephemeralId(integration) }))],
      await host.openToolset(
        [
          ...plugins.map(({ id, allowedTools }) => ({
            server: id,
            ...(allowedTools === undefined ? {} : { allowedTools }),
          })),
          ...ephemeral.selections,
        ],
        createAuditedGate(judge, named, ephemeral.askWithHosts(ask), counter),
        signal,
        ephemeral.servers,
      ),
      named,
      taint,
    );
  } catch (error) {
    throw toServerError(error, judge, (server) => decide({ action: 'mcp:read', mcp: { server } }, []).allowed);
  }
}

type Plugin = Extract<IntegrationRequest, { type: 'plugin' }>;

const isPlugin = (integration: IntegrationRequest): integration is Plugin => integration.type === 'plugin';
const isEphemeral = (integration: IntegrationRequest): integration is Exclude<IntegrationRequest, Plugin> =>
  integration.type === 'ephemeral_mcp';

/** `mcp/My_Files` and `mcp/my-files` are equal, as in LM Studio. */
function normalise(plugin: Plugin): Plugin {
  const { id } = plugin;
  return { ...plugin, id: id.startsWith('mcp/') ? pluginId(id.slice('mcp/'.length)) : id };
}

/** Turns the request into one more grant, which can only narrow the token's authority. */
function requestEntry(plugins: readonly Plugin[]): AuthorityEntry {
  const servers = new Map<string, Map<string, ToolRule>>();
  for (const { id, allowedTools = ['*'], requireApproval = [] } of plugins) {
    const rules = servers.get(id) ?? new Map<string, ToolRule>();
    servers.set(id, rules);
    for (const name of allowedTools) rules.set(name, rules.get(name) ?? {});
    for (const name of requireApproval === 'always' ? allowedTools : requireApproval) rules.set(name, ASK);
  }
  const mcp: Grant['mcp'] = Object.fromEntries(
    [...servers].map(([id, rules]) => [id, { tools: Object.fromEntries(rules) }]),
  );
  return { source: 'this request', grant: { actions: ['chat'], models: ['*'], mcp } };
}

const ASK: ToolRule = { approval: 'ask' };

/** The tools of a server for which a request requires approval. */
interface Asking {
  readonly id: string;
  readonly requireApproval?: RequiredApproval;
  readonly confirm?: Confirmation;
}

function isConfirmed(integrations: readonly Asking[], server: string, tool: string): boolean {
  return integrations.some(({ id, confirm }) => {
    if (id !== server || confirm === undefined) return false;
    if (confirm === 'all') return true;
    return 'only' in confirm ? confirm.only.includes(tool) : !confirm.except.includes(tool);
  });
}

/** Refuses unknown names: with a mistyped one, the call would not be held for approval. */
async function refuseUnknownTools(integrations: readonly Asking[], toolset: Toolset): Promise<void> {
  for (const { id, requireApproval } of integrations) {
    if (requireApproval === undefined || requireApproval === 'always') continue;
    const unknown = requireApproval.find(
      (name) => !toolset.tools.some(({ server, tool }) => server === id && tool === name),
    );
    if (unknown === undefined) continue;
    await toolset.close();
    throw new ServerError(
      'INVALID_REQUEST',
      `A person is to be asked about '${unknown}', which is not among the tools of '${id}' that this request has.`,
      { field: 'integrations' },
    );
  }
}

/** @param mayRead whether the caller may know how a server is; others do not learn why one failed */
function toServerError(
  error: unknown,
  judge: (call: ToolGateCall) => JudgedCall,
  mayRead: (server: string) => boolean,
): unknown {
  if (!(error instanceof BridgeError)) return error;
  const ephemeral = toEphemeralError(error);
  if (ephemeral !== undefined) return ephemeral;
  const options = { field: 'integrations', cause: error } as const;
  const server = error.server ?? 'mcp/?';
  switch (error.code) {
    case 'MCP_DENIED':
      return new ServerError(
        'PERMISSION_DENIED',
        `Permission denied to use plugin '${server}': ${error.reason ?? 'no grant allows it'}`,
        { ...options, ...factsOf(judge({ server })) },
      );
    case 'MCP_TOOL_UNAVAILABLE':
      return new ServerError(
        'PERMISSION_DENIED',
        `Permission denied to use tool '${error.tool ?? '?'}' of plugin '${server}': ` +
          'it is not among the tools that this token may call there.',
        options,
      );
    case 'MCP_NO_TOOLS':
      // What the server has is wrong, and not what the token may do.
      if (error.reason !== undefined && mayRead(server)) {
        return new ServerError(
          'PLUGIN_UNAVAILABLE',
          `Plugin '${server}' has no tool to offer: ${error.reason}`,
          options,
        );
      }
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
      if (error.reason !== undefined) {
        return new ServerError('PLUGIN_UNAVAILABLE', `Plugin '${server}' cannot be used: ${error.reason}.`, options);
      }
      return new ServerError(
        'PLUGIN_UNAVAILABLE',
        mayRead(server)
          ? `Plugin '${server}' did not start or did not answer. ${error.message}`
          : `Plugin '${server}' did not start or did not answer. Its operator finds the reason in the server's log.`,
        options,
      );
    default:
      return error;
  }
}

/** Facts are given for whole plugins only: forbidden and nonexistent tools must be indistinguishable. */
const factsOf = (judged: JudgedCall): { readonly details?: ErrorDetails } =>
  judged.allowed ? {} : { details: { code: 'AUTH_PERMISSION_DENIED', ...judged.facts } };

async function toChatToolset(
  integrations: readonly Asking[],
  toolset: Toolset,
  audit: ToolAudit,
  taint: RunTaint | undefined,
): Promise<ChatToolset> {
  await refuseUnknownTools(integrations, toolset);
  const byName = new Map(toolset.tools.map((tool) => [tool.name, tool]));
  return {
    definitions: toolset.tools.map((tool) => ({
      name: tool.name,
      parameters: tool.inputSchema,
      ...(tool.description === undefined ? {} : { description: tool.description }),
    })),
    describe: (name) => {
      const tool = byName.get(name);
      if (tool === undefined) return undefined;
      const described = { tool: tool.tool, origin: originOf(tool.server) };
      return isConfirmed(integrations, tool.server, tool.tool) ? { ...described, isConfirmed: true } : described;
    },
    call: async (name, args, signal, wait = UNWATCHED) => {
      const { outcome, goesOn, rewritten, madeBy } = await whileWaiting(wait, () =>
        toolset.call(name, args, { signal }),
      );
      if (goesOn) return { type: 'waits' };
      auditOutcome(audit, outcome);
      // The answer of a call that another turn makes is read by this model as well.
      const isRead = madeBy !== undefined || wasMade(outcome);
      if (outcome.server !== undefined && isRead) taint?.entered(outcome.server, outcome.tool);
      const made = toOutcome(name, args, outcome, rewritten);
      return made.type === 'refused' && madeBy !== undefined ? { ...made, madeBy } : made;
    },
    [Symbol.asyncDispose]: () => toolset.close(),
  };
}

const UNWATCHED: ApprovalWait = { onWaiting: async () => {} };

/** Whether the model reads what the server answered; that includes errors of the server. */
const wasMade = (outcome: ToolOutcome): boolean =>
  outcome.type === 'success' || !['denied', 'invalid_arguments', 'invalid_name'].includes(outcome.kind);

function toOutcome(
  alias: string,
  args: Record<string, unknown>,
  outcome: ToolOutcome,
  rewritten: boolean,
): ToolCallOutcome {
  const tool = outcome.tool ?? alias;
  const origin = outcome.server === undefined ? undefined : originOf(outcome.server);
  if (outcome.type === 'success') {
    const { output, text, isError } = outcome;
    const answer = isError ? `Error: ${text}` : text;
    const note = rewritten ? changedNote(outcome.arguments) : undefined;
    return {
      type: 'ran',
      tool,
      origin: originOf(outcome.server),
      arguments: outcome.arguments,
      output,
      content: [{ type: 'text', text: note === undefined ? answer : `${note}\n\n${answer}` }],
      isError,
    };
  }
  if (outcome.kind === 'invalid_name' || origin === undefined) {
    return { type: 'refused', kind: 'invalid_name', tool, reason: outcome.reason };
  }
  if (outcome.kind === 'invalid_arguments' || outcome.kind === 'denied') {
    const judged = outcome.arguments ?? args;
    return { type: 'refused', kind: 'invalid_arguments', tool, origin, arguments: judged, reason: outcome.reason };
  }
  // The call was valid and the tool failed. LM Studio's API has only calls that ran and calls that were not valid.
  const text = `Error: ${outcome.reason}${isUnknown(outcome) ? UNKNOWN : ''}`;
  const content = [{ type: 'text' as const, text }];
  const sent = outcome.arguments ?? args;
  return { type: 'ran', tool, origin, arguments: sent, output: JSON.stringify(content), content, isError: true };
}

const UNKNOWN = ' Whether it has done its work is not known.';

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
