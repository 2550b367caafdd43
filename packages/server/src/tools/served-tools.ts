import {
  BridgeError,
  type McpHostView,
  type ToolGate,
  type ToolGateCall,
  type ToolOutcome,
  type ToolProgress,
  type Toolset,
  type ToolsetTool,
} from '@latchkey/mcp-bridge';
import type { ToolAudit } from '../audit/tool-audit.ts';
import type { CallProgress, ServedContent, ServedResult, ServedTool, ServedTools } from '../contracts/served-tools.ts';
import type { UsageCounts } from '../contracts/usage-record.ts';
import { type AskApproval, changedNote, whileWaiting } from './ask-approval.ts';
import { auditOutcome } from './audit-outcome.ts';
import { type CallCounter, createAuditedGate, type JudgedCall } from './audited-gate.ts';
import type { ExplainApproval } from './explain-approval.ts';
import { MCP_JSON_IS_OFF, type McpSwitches } from './mcp-switches.ts';
import { createPermissionGate, type Decide } from './permission-gate.ts';
import { mayBeServedBy, type NamedServer, servedName } from './served-names.ts';
import { judgeOutsideRun, type TaintRules } from './taint.ts';
import { withoutMirroredHeaders } from './without-mirrored-headers.ts';

/** How long a listing waits for a server to answer; it continues to start after that, for the next listing. */
const LIST_MILLISECONDS = 10_000;

export interface ServeToolsOptions {
  readonly host: Pick<McpHostView, 'servers' | 'openToolset'>;
  readonly decide: Decide;
  /** Called for each call. */
  readonly switches: () => McpSwitches;
  readonly audit: ToolAudit;
  readonly taint: TaintRules;
  /** Absent where no person can be asked: calls that need approval are refused. */
  readonly ask?: AskApproval;
  /** Absent where nothing is counted: calls that a rule limits are refused. */
  readonly counter?: CallCounter;
  /** Absent where no reasons are given. */
  readonly explain?: ExplainApproval;
  /** The most calls in one HTTP request, unless the token allows fewer: older versions of the protocol have batches. */
  readonly toolCalls: number;
  readonly listMilliseconds?: number;
  /** Called for the request when it makes its first call, and for each call that reached a tool. */
  readonly recordUsage?: (counts: Pick<UsageCounts, 'requests' | 'toolCalls' | 'cost'>) => void;
  /** What a call costs, and its payment; absent where nothing has a price. */
  readonly pay?: (server: string, tool: string) => Promise<CallPayment>;
}

/** A call that was paid for, or why it was not. */
export type CallPayment =
  | { readonly cost: number; readonly settle: (wasMade: boolean) => Promise<void> }
  | { readonly refusal: string };

/**
 * Serves the tools of all configured servers to one request, as far as its caller may use them. The same gate decides
 * which servers are asked, which tools are listed and which calls are made.
 */
export function serveTools(options: ServeToolsOptions): ServedTools {
  const { host, decide, switches, audit, listMilliseconds = LIST_MILLISECONDS } = options;
  const permission = createPermissionGate(decide, [], options.explain);
  const judge = (call: ToolGateCall): JudgedCall =>
    switches().allowMcpJson ? judgeOutsideRun(options.taint, call, permission(call)) : MCP_JSON_IS_OFF;
  const gate = createAuditedGate(judge, audit, options.ask, options.counter);
  /** The servers of which the caller may use anything, in the order of mcp.json, running or not. */
  const permittedServers = (): readonly NamedServer[] =>
    host.servers().filter(({ id }) => judge({ server: id }).allowed);
  const decision = decide({ action: 'chat' }, []);
  const limit = Math.min(options.toolCalls, decision.allowed ? (decision.limits?.toolCallsPerRequest ?? Infinity) : 0);
  let callsLeft = limit;
  let hasCalled = false;
  const count = (cost: number): void => {
    options.recordUsage?.({ requests: hasCalled ? 0 : 1, toolCalls: 1, cost });
    hasCalled = true;
  };

  return {
    async list(signal) {
      const patience = AbortSignal.any([signal, AbortSignal.timeout(listMilliseconds)]);
      const servers = permittedServers();
      const lists = await Promise.all(
        servers.map(async (server) => {
          const toolset = await openOne(host, server, gate, patience).catch((error: unknown) => {
            signal.throwIfAborted();
            if (error instanceof BridgeError || patience.aborted) return undefined;
            throw error;
          });
          await toolset?.close();
          return (toolset?.tools ?? []).map((tool) => toServedTool(server, tool, servers.length === 1));
        }),
      );
      return lists.flat().sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async call(name, args, signal, onProgress = () => {}) {
      if (callsLeft <= 0) return refusal(`this request may make ${limit} tool calls, and they are used up.`);
      callsLeft -= 1;
      const servers = permittedServers();
      const alone = servers.length === 1;
      for (const server of servers.filter((candidate) => mayBeServedBy(candidate, name, alone))) {
        let toolset: Toolset | undefined;
        try {
          toolset = await openOne(host, server, gate, signal);
        } catch (error) {
          if (!(error instanceof BridgeError)) throw error;
          // The answer is the same for every name that could be a tool of it, so that it does not reveal whether the
          // tool exists.
          if (error.reason !== undefined && error.code === 'MCP_CONNECTION_FAILED')
            return refusal(`the MCP server '${server.label}' cannot be used: ${error.reason}.`);
          const mayRead = decide({ action: 'mcp:read', mcp: { server: server.id } }, []).allowed;
          const why = mayRead ? error.message : 'Its operator finds out why.';
          return refusal(`the MCP server '${server.label}' did not start or did not answer. ${why}`);
        }
        try {
          const tool = toolset?.tools.find((offered) => servedName(server, offered.tool, alone) === name);
          if (toolset === undefined || tool === undefined) continue;
          const payment = (await options.pay?.(server.id, tool.tool)) ?? FREE;
          if ('refusal' in payment) return refusal(payment.refusal);
          let wasMade = false;
          try {
            const { outcome, rewritten } = await callWatched(toolset, tool, args, { signal, onProgress });
            auditOutcome(audit, outcome);
            wasMade = outcome.type === 'success';
            if (wasMade) count(payment.cost);
            return toResult(outcome, rewritten);
          } finally {
            await payment.settle(wasMade);
          }
        } finally {
          await toolset?.close();
        }
      }
      audit.unknown(name);
      return undefined;
    },
  };
}

const FREE: CallPayment = { cost: 0, settle: async () => {} };

interface WatchOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (news: CallProgress) => void;
}

async function callWatched(
  toolset: Toolset,
  { name }: ToolsetTool,
  args: Record<string, unknown>,
  { signal, onProgress }: WatchOptions,
): Promise<{ readonly outcome: ToolOutcome; readonly rewritten: boolean }> {
  const onWaiting = async (approval: string): Promise<void> => onProgress({ type: 'waiting', approval });
  const onMoved = (progress: ToolProgress): void => onProgress({ type: 'moved', ...progress });
  return whileWaiting({ onWaiting }, () => toolset.call(name, args, { signal, onProgress: onMoved }));
}

/** Known values of `$schema`. Any other text is the server's own and would only be repeated. */
const DIALECT = /^https?:\/\/json-schema\.org\/draft[-/][0-9a-z/-]{1,20}\/schema#?$/;

/** The permitted tools of one server; undefined when there are none. */
async function openOne(
  host: Pick<McpHostView, 'openToolset'>,
  { id }: NamedServer,
  gate: ToolGate,
  signal: AbortSignal,
): Promise<Toolset | undefined> {
  try {
    return await host.openToolset([{ server: id }], gate, signal);
  } catch (error) {
    if (error instanceof BridgeError && ['MCP_NO_TOOLS', 'MCP_DENIED', 'MCP_SERVER_UNKNOWN'].includes(error.code)) {
      return undefined;
    }
    throw error;
  }
}

const toServedTool = (
  server: NamedServer,
  { tool, description, inputSchema, dialect }: ToolsetTool,
  alone: boolean,
): ServedTool => ({
  name: servedName(server, tool, alone),
  ...(description === undefined ? {} : { description }),
  inputSchema: {
    ...(dialect !== undefined && DIALECT.test(dialect) ? { $schema: dialect } : {}),
    ...withoutMirroredHeaders(inputSchema),
  },
});

function toResult(outcome: ToolOutcome, rewritten: boolean): ServedResult {
  if (outcome.type === 'failure') return refusal(outcome.reason);
  const { content, isError } = outcome;
  const note = rewritten ? changedNote(outcome.arguments) : undefined;
  return { content: note === undefined ? content : [text(note), ...content], isError };
}

const text = (words: string): ServedContent => ({ type: 'text', text: words });
const refusal = (reason: string): ServedResult => ({ content: [text(`Error: ${reason}`)], isError: true });
