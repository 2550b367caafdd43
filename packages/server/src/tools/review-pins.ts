import { BridgeError, type McpHost, pluginId, type ReviewedTool } from '@latchkey/mcp-bridge';
import { withoutAbsent } from '../config/without-absent.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { McpSwitches } from './mcp-switches.ts';
import type { Decide } from './permission-gate.ts';

/** A server's tools for review before approval; `tools` is null while it is not running. */
export interface ReviewedServer {
  readonly id: string;
  readonly tools: readonly ReviewedTool[] | null;
}

/** A tool to approve; with a fingerprint, only in that exact definition. */
export interface PinChoice {
  readonly name: string;
  readonly fingerprint?: string;
}

/** The approved definitions. */
export interface ApprovedTools {
  readonly id: string;
  readonly approved: readonly { readonly name: string; readonly fingerprint: string }[];
}

/** The caller of a review; `signal` fires when it no longer waits for the answer. */
export interface PinCaller {
  readonly decide: Decide;
  readonly switches: () => Pick<McpSwitches, 'allowMcpJson'>;
  readonly signal: AbortSignal;
}

/** A caller that approves; `keep` records the approval and performs it only when it is recorded. */
export interface PinApprover extends PinCaller {
  readonly keep: (approved: ApprovedTools, act: () => Promise<void>) => Promise<void>;
}

type Host = Pick<McpHost, 'review' | 'approve'>;

/**
 * The tools of a server that the caller's grants name, and which of their definitions are held back. Throws ServerError
 * `PLUGIN_NOT_FOUND`, `PLUGIN_UNAVAILABLE`.
 *
 * @param label as in the mcp.json or in the plugin id
 */
export async function reviewPins(
  host: Host,
  label: string,
  { decide, switches, start, signal }: PinCaller & { readonly start: boolean },
): Promise<ReviewedServer> {
  const id = pluginId(label);
  const mayStart = start && switches().allowMcpJson && decide({ action: 'mcp:read', mcp: { server: id } }, []).allowed;
  const tools = await inWords(label, () => host.review(id, { start: mayStart, signal }));
  const visible = tools?.filter(
    ({ name, effect }) => decide({ action: 'mcp:read', mcp: { server: id, name, effect } }, []).allowed,
  );
  return { id, tools: visible ?? null };
}

/**
 * Approves definitions of tools that the caller's grants name: the chosen ones, or all that are held back. Starts the
 * server if needed. Throws ServerError `PERMISSION_DENIED`, `INVALID_REQUEST`, `PLUGIN_NOT_FOUND`,
 * `PLUGIN_UNAVAILABLE`; nothing is approved then.
 */
export async function approvePins(
  host: Host,
  label: string,
  choices: readonly PinChoice[] | undefined,
  { decide, switches, signal, keep }: PinApprover,
): Promise<ApprovedTools> {
  const id = pluginId(label);
  const mayApprove = (tool?: Partial<Pick<ReviewedTool, 'name' | 'effect'>>): boolean =>
    decide(
      { action: 'mcp:write', mcp: { server: id, ...withoutAbsent({ name: tool?.name, effect: tool?.effect }) } },
      [],
    ).allowed;
  if (!switches().allowMcpJson) throw switchedOff();
  if (!mayApprove()) throw denied(`the MCP server '${printed(label)}'`);
  const forbidden = choices?.find(({ name }) => !mayApprove({ name }));
  if (forbidden !== undefined) throw denied(`the tool '${printed(forbidden.name)}'`);

  const reviewed = (await inWords(label, () => host.review(id, { start: true, signal }))) ?? [];
  // Of which class a tool is, its definition says.
  const other = reviewed.find((tool) => choices?.some(({ name }) => name === tool.name) && !mayApprove(tool));
  if (other !== undefined) throw denied(`the tool '${printed(other.name)}'`);
  const known = new Map(reviewed.map((tool) => [tool.name, tool.fingerprint]));
  const wanted =
    choices ?? reviewed.filter((tool) => tool.state !== 'approved' && mayApprove(tool)).map(({ name }) => ({ name }));
  const approved = wanted.map(({ name, fingerprint = known.get(name) ?? '' }: PinChoice) => ({ name, fingerprint }));
  const fingerprints = new Map(approved.map(({ name, fingerprint }) => [name, fingerprint]));
  const done = { id, approved: [...fingerprints].map(([name, fingerprint]) => ({ name, fingerprint })) };
  await keep(done, () => inWords(label, () => host.approve(id, fingerprints, signal)));
  return done;
}

async function inWords<T>(label: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw error instanceof BridgeError ? toServerError(error, label) : error;
  }
}

function toServerError(cause: BridgeError, label: string): ServerError {
  switch (cause.code) {
    case 'MCP_SERVER_UNKNOWN':
      return new ServerError('PLUGIN_NOT_FOUND', `There is no MCP server '${printed(label)}' in mcp.json.`, { cause });
    case 'MCP_TOOL_CHANGED':
      return new ServerError('CONFLICT', cause.message, { cause });
    case 'MCP_TOOL_UNAVAILABLE':
      return new ServerError('INVALID_REQUEST', cause.message, { param: 'tools', cause });
    default:
      return new ServerError('PLUGIN_UNAVAILABLE', cause.message, { cause });
  }
}

const denied = (what: string): ServerError =>
  new ServerError(
    'PERMISSION_DENIED',
    `Permission denied to approve ${what}: it is not among what this token's grants name.`,
  );

const switchedOff = (): ServerError =>
  new ServerError(
    'PERMISSION_DENIED',
    'The setting allowMcpJson of this server is off; its operator can switch it on.',
  );

const printed = (name: string): string => name.slice(0, 128);
