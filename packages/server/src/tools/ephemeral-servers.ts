import { describeDenial } from '@latchkey/auth-core';
import type { AccessRequest } from '@latchkey/auth-core/llm';
import { BridgeError, type EphemeralServer, ephemeralServer, type ToolGateCall } from '@latchkey/mcp-bridge';
import type { ToolAudit } from '../audit/tool-audit.ts';
import { withoutAbsent } from '../config/without-absent.ts';
import type { ToolOrigin } from '../contracts/chat-event.ts';
import type { IntegrationRequest } from '../contracts/chat-request.ts';
import { denialDetails } from '../contracts/denial-details.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { AskApproval } from './ask-approval.ts';
import type { JudgedCall } from './audited-gate.ts';
import type { Decide } from './permission-gate.ts';

type EphemeralIntegration = Extract<IntegrationRequest, { type: 'ephemeral_mcp' }>;

/** The request-scoped MCP servers, parsed and judged. */
export interface EphemeralServers {
  readonly servers: readonly EphemeralServer[];
  readonly selections: readonly { readonly server: string; readonly allowedTools?: readonly string[] }[];
  /** Whether the switch and every grant allow a server, or a call of it. Undefined for other servers. */
  judge(call: ToolGateCall): JudgedCall | undefined;
  /** The audit of tool calls that also records the host of such a server, since its caller chose the label. */
  withHosts(audit: ToolAudit): ToolAudit;
  /** Also shows the host to the person who is asked: a label alone does not say where the arguments go. */
  askWithHosts(ask: AskApproval | undefined): AskApproval | undefined;
}

const IS_OFF =
  'the setting allowEphemeralMcp of this server is off. ' +
  'Ask its operator to switch it on, or to add the server to mcp.json.';
const PREFIX = 'ephemeral/';
/** Separates label and host; a label never contains it. */
const HOST_SIGN = '@';

/**
 * Parses the servers strictly, and refuses what the switch or a grant does not allow before a connection is made.
 * Throws ServerError `INVALID_REQUEST`, `PERMISSION_DENIED`.
 */
export function readEphemeralServers(
  integrations: readonly EphemeralIntegration[],
  decide: Decide,
  isAllowed: () => boolean,
): EphemeralServers {
  const known = new Map<string, { readonly host: string; readonly integration: EphemeralIntegration }>();
  const judge = ({ server, tool }: ToolGateCall): JudgedCall | undefined => {
    const found = known.get(server);
    if (found === undefined) return undefined;
    if (!isAllowed()) return { allowed: false, reason: IS_OFF, facts: { rule: 'allowEphemeralMcp', reason: IS_OFF } };
    const { host, integration } = found;
    const decision = decide({ action: 'chat', ephemeralMcp: { host, ...(tool === undefined ? {} : { tool }) } }, []);
    if (decision.allowed)
      return { allowed: true, ...(isToApprove(integration, tool) && { approval: [{ type: 'caller' }] }) };
    return { allowed: false, reason: describeDenial(decision), facts: denialDetails(decision) };
  };

  for (const integration of integrations) {
    // The switch is checked first: while it is off, nothing is revealed about what a server must be like.
    if (!isAllowed()) throw denied(integration.serverLabel, IS_OFF);
    const { id, host } = readServer(integration);
    if (known.has(id)) throw invalid(`server_label '${integration.serverLabel}' appears twice.`);
    known.set(id, { host, integration });
    const judged = judge({ server: id });
    if (judged?.allowed === false) {
      throw denied(integration.serverLabel, judged.reason, { code: 'AUTH_PERMISSION_DENIED', ...judged.facts });
    }
  }

  const named = (server: string): string => {
    const found = known.get(server);
    return found === undefined ? server : `${server}${HOST_SIGN}${found.host}`;
  };
  return {
    servers: integrations.map(toServer),
    selections: integrations.map((integration) => ({
      server: ephemeralId(integration),
      ...(integration.allowedTools === undefined ? {} : { allowedTools: integration.allowedTools }),
    })),
    judge,
    withHosts: (audit) => ({
      ...audit,
      called: (call) => audit.called({ ...call, server: named(call.server) }),
      awaited: (call) => audit.awaited({ ...call, server: named(call.server) }),
      denied: (call, denial) => audit.denied({ ...call, server: named(call.server) }, denial),
    }),
    askWithHosts: (ask) => ask && ((call) => ask({ ...call, server: named(call.server) })),
  };
}

/** The id by which the bridge knows the server. */
export const ephemeralId = ({ serverLabel }: EphemeralIntegration): string => `${PREFIX}${serverLabel}`;

/** The access that is needed to approve a call; a request-scoped server is identified by the host that was shown. */
export function toApprovedAccess(
  server: string,
  tool: string,
  {
    arguments: args,
    argumentNames,
    effect,
  }: Pick<NonNullable<AccessRequest['mcp']>, 'arguments' | 'argumentNames' | 'effect'>,
): Pick<AccessRequest, 'mcp' | 'ephemeralMcp'> {
  if (!server.startsWith(PREFIX))
    return { mcp: { server, name: tool, ...withoutAbsent({ arguments: args, argumentNames, effect }) } };
  return { ephemeralMcp: { host: server.slice(server.indexOf(HOST_SIGN) + 1), tool } };
}

/** The origin of a tool, from the id that the bridge gives its server. */
export function originOf(server: string): ToolOrigin {
  const serverLabel = ephemeralLabel(server);
  return serverLabel === undefined ? { type: 'plugin', pluginId: server } : { type: 'ephemeral_mcp', serverLabel };
}

/** The API error for a failure of a request-scoped server; undefined for any other server. */
export function toEphemeralError(error: BridgeError): ServerError | undefined {
  if (error.code === 'MCP_EPHEMERAL_INVALID') return invalid(error.message, error);
  const label = error.server === undefined ? undefined : ephemeralLabel(error.server);
  if (label === undefined) return undefined;
  const options = { field: 'integrations', cause: error } as const;
  switch (error.code) {
    case 'MCP_DENIED':
      return denied(label, error.reason ?? 'no grant allows it');
    case 'MCP_TOOL_UNAVAILABLE':
      return new ServerError(
        'PERMISSION_DENIED',
        `Permission denied to use tool '${error.tool ?? '?'}' of the per-request MCP server '${label}': ` +
          'it is not among the tools that this token may call there.',
        options,
      );
    case 'MCP_NO_TOOLS':
      return denied(label, 'it has no tool that this token may call.');
    case 'MCP_CONNECTION_FAILED':
    case 'MCP_CLOSED':
      return new ServerError(
        'MCP_UNAVAILABLE',
        `The per-request MCP server '${label}' could not be reached, or does not answer as one. ` +
          "The operator of this server finds the reason in the server's log.",
        options,
      );
    default:
      return undefined;
  }
}

function readServer(integration: EphemeralIntegration): { readonly id: string; readonly host: string } {
  try {
    return ephemeralServer(toServer(integration));
  } catch (error) {
    throw error instanceof BridgeError ? (toEphemeralError(error) ?? error) : error;
  }
}

const toServer = ({ serverLabel, serverUrl, headers }: EphemeralIntegration): EphemeralServer => ({
  label: serverLabel,
  url: serverUrl,
  ...(headers === undefined ? {} : { headers }),
});

const isToApprove = ({ requireApproval = [] }: EphemeralIntegration, tool: string | undefined): boolean =>
  requireApproval === 'always' || (tool !== undefined && requireApproval.includes(tool));

const ephemeralLabel = (server: string): string | undefined =>
  server.startsWith(PREFIX) ? server.slice(PREFIX.length) : undefined;

const invalid = (message: string, cause?: unknown): ServerError =>
  new ServerError('INVALID_REQUEST', `A per-request MCP server cannot be used: ${message}`, {
    field: 'integrations',
    cause,
  });

const denied = (label: string, reason: string, details?: Readonly<Record<string, string | number>>): ServerError =>
  new ServerError('PERMISSION_DENIED', `Permission denied to use the per-request MCP server '${label}': ${reason}`, {
    field: 'integrations',
    ...(details === undefined ? {} : { details }),
  });
