import { endOf, parseDateTime } from '../date-time.ts';
import { matchesAnyGlob } from '../matching/glob.ts';
import { anyRangeContains, parseIpAddress } from '../matching/ip-address.ts';
import type { PatternEngine } from '../matching/pattern-engine.ts';
import type { Action } from './action.ts';
import { decideTool } from './decide-tool.ts';
import type { Grant } from './grant.ts';
import { printName } from './print-name.ts';

/** One grant of an authority, and whose it is in human words: `server policy`, `token ci-bot`, `request`. */
export interface AuthorityEntry {
  readonly grant: Grant;
  readonly source: string;
  /** Whose use counts against the grant's limits: a token's id, or `policy`. Absent, as for what a request brings: nobody's. */
  readonly id?: string;
}

/**
 * What a caller may do: every grant in the list must allow a request. So adding one can only narrow, whoever adds
 * it. A list without grants allows nothing.
 */
export type Authority = readonly AuthorityEntry[];

/** A tool of a server that the operator runs. */
export interface ToolRequest {
  readonly server: string;
  /** Absent: may anything of this server be used at all? */
  readonly name?: string;
  /** Absent, as in a listing: conditions on arguments are left aside. */
  readonly arguments?: Readonly<Record<string, unknown>>;
}

/** What a caller asks to do. What is absent is not asked, and so not decided; only `project` is always decided. */
export interface AccessRequest {
  readonly action: Action;
  readonly model?: string;
  readonly tool?: ToolRequest;
  /** An MCP server that the request brings along; without `tool`: may anything of it be used at all? */
  readonly ephemeral?: { readonly host: string; readonly tool?: string };
  readonly project?: string;
}

/** What a decision needs to know beside the request. Where it does not know enough, it denies. */
export interface DecisionContext {
  readonly now: Date;
  /** The caller's IP address. */
  readonly address?: string;
  /** Runs the patterns of argument constraints. */
  readonly patterns?: PatternEngine;
  /**
   * The real path of a path, symbolic links followed, or undefined to refuse it; for `within`. A path that does
   * not exist yet is the real path of its folder and its name. Relative paths are the host's to place or refuse.
   */
  readonly resolvePath?: (path: string) => string | undefined;
}

/** The rule of a grant that denied; `authority` when there was no grant at all. */
export type DenialRule =
  | 'authority'
  | 'notBefore'
  | 'expiresAt'
  | 'networks'
  | 'projects'
  | 'actions'
  | 'models'
  | 'mcp'
  | 'arguments'
  | 'ephemeralMcp';

/** Yes, with what narrows the doing of it. */
export interface AllowedDecision {
  readonly allowed: true;
  /** Whether a person must agree to the tool call first. */
  readonly approval: boolean;
  /** The least of all the grants' limits. */
  readonly maxOutputTokens?: number;
  /** The least of all the grants' limits. */
  readonly toolCallsPerRequest?: number;
}

/** No, and which grant says so. */
export interface DeniedDecision {
  readonly allowed: false;
  /** The place of the grant in the authority, counted from 1; 0 when there was none. */
  readonly grant: number;
  readonly source: string;
  readonly rule: DenialRule;
  /** Human words; they hold names, never the arguments' values. */
  readonly reason: string;
}

/** What {@link decide} answers. */
export type Decision = AllowedDecision | DeniedDecision;

/** What one grant says. */
export type Verdict = { readonly rule: DenialRule; readonly reason: string } | { readonly approval: boolean };

/**
 * Decides whether an authority allows a request. Pure and synchronous; the one answer for listing, calling and
 * explaining.
 *
 * A limit on arguments is only decided when the request has arguments, so what is listed may still be refused when
 * it is called, and what is not listed is never allowed.
 *
 * @example
 * ```ts
 * import { decide, parseGrant } from '@latchkey/auth-core';
 *
 * const grant = parseGrant({ actions: ['chat'], mcp: { 'mcp/files': { tools: { 'read_*': {} } } } });
 * const authority = [{ grant, source: 'token ci-bot' }];
 * const tool = { server: 'mcp/files', name: 'delete_file', arguments: { path: '/srv/a' } };
 * const decision = decide(authority, { action: 'chat', tool }, { now: new Date() });
 * console.log(decision.allowed); // false
 * ```
 */
export function decide(authority: Authority, request: AccessRequest, context: DecisionContext): Decision {
  if (authority.length === 0) return NO_AUTHORITY;
  let approval = false;
  for (const [index, { grant, source }] of authority.entries()) {
    const verdict = judge(grant, request, context);
    if ('rule' in verdict) {
      return { allowed: false, grant: index + 1, source, rule: verdict.rule, reason: verdict.reason };
    }
    approval ||= verdict.approval;
  }
  return {
    allowed: true,
    approval,
    ...leastLimit(authority, 'maxOutputTokens'),
    ...leastLimit(authority, 'toolCallsPerRequest'),
  };
}

const NO_AUTHORITY: DeniedDecision = Object.freeze({
  allowed: false,
  grant: 0,
  source: 'nobody',
  rule: 'authority',
  reason: 'there is no grant',
});

/** Denies an action that some grant of the authority does not name. Decides nothing else: see {@link decide}. */
export function denyAction(authority: Authority, action: Action): DeniedDecision | undefined {
  if (authority.length === 0) return NO_AUTHORITY;
  const index = authority.findIndex(({ grant }) => !allowsAction(grant, action));
  const entry = authority[index];
  if (entry === undefined) return undefined;
  return { allowed: false, grant: index + 1, source: entry.source, rule: 'actions', reason: actionReason(action) };
}

/**
 * Denies whatever is asked at a time or from a network that some grant of the authority leaves out. Decides nothing else:
 * see {@link decide}.
 */
export function denyTimeAndPlace(
  authority: Authority,
  { now, address }: Pick<DecisionContext, 'now' | 'address'>,
): DeniedDecision | undefined {
  for (const [index, { grant, source }] of authority.entries()) {
    const verdict = judgeTime(grant, now.getTime()) ?? judgeNetwork(grant, address);
    if (verdict !== undefined) return { allowed: false, grant: index + 1, source, ...verdict };
  }
  return undefined;
}

function allowsAction(grant: Grant, action: Action): boolean {
  return grant.actions.includes('*') || grant.actions.includes(action);
}

function actionReason(action: Action): string {
  return `action ${action} is not granted`;
}

function leastLimit<K extends 'maxOutputTokens' | 'toolCallsPerRequest'>(authority: Authority, name: K) {
  let least: number | undefined;
  for (const { grant } of authority) {
    const limit = grant.limits?.[name];
    if (limit !== undefined && (least === undefined || limit < least)) least = limit;
  }
  return least === undefined ? undefined : ({ [name]: least } as { readonly [P in K]: number });
}

function judge(grant: Grant, request: AccessRequest, context: DecisionContext): Verdict {
  return (
    judgeTime(grant, context.now.getTime()) ??
    judgeNetwork(grant, context.address) ??
    judgeProject(grant, request.project) ??
    judgeTarget(grant, request) ??
    (request.tool === undefined ? { approval: false } : decideTool(grant.mcp ?? {}, request.tool, context))
  );
}

/** Why a grant denies. */
type Refusal = Pick<DeniedDecision, 'rule' | 'reason'>;

function judgeTime({ notBefore, expiresAt }: Grant, now: number): Refusal | undefined {
  // Written so that a date that cannot be read denies: no comparison with NaN holds.
  if (notBefore !== undefined && !(now >= (parseDateTime(notBefore) ?? Number.NaN))) {
    return { rule: 'notBefore', reason: `not valid before ${notBefore}` };
  }
  if (!(now < endOf(expiresAt))) {
    return { rule: 'expiresAt', reason: `expired at ${expiresAt}` };
  }
  return undefined;
}

function judgeNetwork({ networks }: Grant, address: string | undefined): Refusal | undefined {
  if (networks === undefined) return undefined;
  const parsed = address === undefined ? undefined : parseIpAddress(address);
  if (parsed === undefined) return { rule: 'networks', reason: "the caller's address is not known" };
  if (anyRangeContains(networks, parsed)) return undefined;
  return { rule: 'networks', reason: "the caller's address is outside the allowed networks" };
}

function judgeProject({ projects }: Grant, project: string | undefined): Refusal | undefined {
  if (projects === undefined) return undefined;
  if (project === undefined) return { rule: 'projects', reason: 'no project is named' };
  return matchesAnyGlob(projects, project) ? undefined : { rule: 'projects', reason: 'the project is not granted' };
}

function judgeTarget(grant: Grant, { action, model, ephemeral }: AccessRequest): Verdict | undefined {
  if (!allowsAction(grant, action)) return { rule: 'actions', reason: actionReason(action) };
  if (model !== undefined && !matchesAnyGlob(grant.models ?? [], model)) {
    return { rule: 'models', reason: `model ${printName(model)} is not granted` };
  }
  if (ephemeral !== undefined) {
    const { hosts = [], tools = [] } = grant.ephemeralMcp ?? {};
    const { host, tool } = ephemeral;
    if (!matchesAnyGlob(hosts, host)) {
      return { rule: 'ephemeralMcp', reason: `MCP server at ${printName(host)} is not granted` };
    }
    if (tool === undefined ? tools.length === 0 : !matchesAnyGlob(tools, tool)) {
      return { rule: 'ephemeralMcp', reason: `${printName(`${host}.${tool ?? '*'}`)} is not granted` };
    }
  }
  return undefined;
}
