import type { PatternEngine } from '../matching/pattern-engine.ts';
import { createSteps, type Steps, unlessUsedUp } from '../matching/steps.ts';
import type { TestedTexts } from '../matching/test-pattern.ts';
import type { Action } from './action.ts';
import { type AskedPaths, createAskedPaths, type ResolvePath } from './asked-paths.ts';
import type { Grant } from './grant.ts';
import { actionReason, allowsAction, judge, judgeNetwork, judgeTime, type PathRound } from './judge-grant.ts';
import { matchingRules } from './matching-rules.ts';

/** One grant of an authority, and whose it is in human words: `server policy`, `token ci-bot`, `request`. */
export interface AuthorityEntry {
  readonly grant: Grant;
  readonly source: string;
  /** Whose use counts against the grant's limits: a token's id, or `policy`. Absent, as for what a request brings: nobody's. */
  readonly id?: string;
  /** A holder has added it: its `within` makes the server look at no file that no grant before it names. */
  readonly added?: boolean;
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
  /**
   * The names that the definition of the tool gives its arguments: the properties of its schema. Absent: none, so a grant with
   * conditions admits only the arguments that it names itself.
   */
  readonly argumentNames?: readonly string[];
}

/** What a caller asks to do. What is absent is not asked, and so not decided; only `project` is always decided. */
export interface AccessRequest {
  readonly action: Action;
  readonly model?: string;
  readonly tool?: ToolRequest;
  /** An MCP server that the request brings along; without `tool`: may anything of it be used at all? */
  readonly ephemeral?: {
    /** With its port where that is not 443: `mcp.example.com`, `mcp.example.com:8443`. */
    readonly host: string;
    readonly tool?: string;
  };
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
   * not exist yet is the real path of its folder and its name. Relative paths are the host's to place or refuse. What it
   * gives for its own answer is that answer.
   */
  readonly resolvePath?: ResolvePath;
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
  | 'ephemeralMcp'
  /** The question took too many steps before this grant had an answer. */
  | 'steps';

/** Yes, with what narrows the doing of it. */
export interface AllowedDecision {
  readonly allowed: true;
  /** Whether a person must agree to the tool call first. */
  readonly approval: boolean;
  /**
   * What must be sent in place of the arguments that were asked about, where a grant has `within`: with the real paths that
   * were judged. Absent: as they are.
   */
  readonly arguments?: Readonly<Record<string, unknown>>;
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

/** Why a grant denies. */
export type Refusal = Pick<DeniedDecision, 'rule' | 'reason'>;

/** What one grant says. */
export type Verdict = Refusal | { readonly approval: boolean };

/**
 * Decides whether an authority allows a request. Pure and synchronous; the one answer for listing, calling and
 * explaining.
 *
 * A limit on arguments is only decided when the request has arguments, so what is listed may still be refused when
 * it is called, and what is not listed is never allowed.
 *
 * The work is bounded, whatever the grants and the arguments: what takes too many steps is denied.
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
  return decideCounted(authority, request, context, createSteps());
}

/** As {@link decide}, with so many steps. */
export function decideCounted(
  authority: Authority,
  request: AccessRequest,
  context: DecisionContext,
  steps: Steps,
): Decision {
  if (authority.length === 0) return NO_AUTHORITY;
  const question = createQuestion(context, steps);
  const verdict = judgeAll(authority, request, question);
  if ('allowed' in verdict) return verdict;
  const sent = judgePaths(authority, request, question);
  if (sent !== undefined && 'allowed' in sent) return sent;
  return {
    allowed: true,
    approval: verdict.approval,
    ...(sent !== undefined && { arguments: sent.arguments }),
    ...leastLimit(authority, 'maxOutputTokens'),
    ...leastLimit(authority, 'toolCallsPerRequest'),
  };
}

/** What all of the grants share that are asked one question. */
export interface Question {
  readonly context: DecisionContext;
  readonly steps: Steps;
  readonly paths: AskedPaths | undefined;
  /** What texts were to patterns that have been asked about. */
  readonly tested: TestedTexts;
}

function createQuestion(context: DecisionContext, steps: Steps): Question {
  const { resolvePath } = context;
  return { context, steps, paths: resolvePath && createAskedPaths(resolvePath, steps), tested: new Map() };
}

function judgeAll(
  authority: Authority,
  request: AccessRequest,
  question: Question,
  round: PathRound = 'written',
): DeniedDecision | { readonly approval: boolean } {
  let approval = false;
  for (const [index, { grant, source, added = false }] of authority.entries()) {
    const before = authority.slice(0, index);
    // Such a holder could make a token with the same grant.
    const mayLook = !added || (index > 0 && before.every((entry) => allowsAction(entry.grant, 'tokens:write')));
    const verdict = unlessUsedUp(() => judge(grant, request, question, { round, mayLook }), USED_UP);
    if ('rule' in verdict) {
      return { allowed: false, grant: index + 1, source, rule: verdict.rule, reason: verdict.reason };
    }
    approval ||= verdict.approval;
  }
  return { approval };
}

const USED_UP: Refusal = {
  rule: 'steps',
  reason: 'it takes too many steps to decide: the request is too large for the conditions of the grants',
};

/**
 * Looks up the paths that grants ask about, and judges what would be sent: real paths. Conditions beside `within` must hold
 * for a path as it is written and as it is sent. Undefined when nothing changes.
 */
function judgePaths(
  authority: Authority,
  request: AccessRequest,
  question: Question,
): DeniedDecision | { readonly arguments: Readonly<Record<string, unknown>> } | undefined {
  const { tool } = request;
  const { paths, steps } = question;
  if (tool?.arguments === undefined || paths?.hasAny() !== true) return undefined;
  const denial = judgeAll(authority, request, question, 'real');
  if ('allowed' in denial) return denial;
  let values = tool.arguments;
  for (const [index, { grant, source }] of authority.entries()) {
    const placed = unlessUsedUp(() => {
      let sent = values;
      for (const rule of matchingRules({ ...grant.mcp }, tool.server, tool.name, steps))
        sent = paths.inPlace(rule, sent);
      return sent;
    }, undefined);
    if (placed === undefined) return { allowed: false, grant: index + 1, source, ...USED_UP };
    values = placed;
  }
  if (values === tool.arguments) return undefined;
  const verdict = judgeAll(authority, { ...request, tool: { ...tool, arguments: values } }, question, 'real');
  return 'allowed' in verdict ? verdict : { arguments: values };
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

/** Denies whatever is asked at a time that some grant of the authority leaves out, and decides nothing else. */
export function denyTime(authority: Authority, now: Date): DeniedDecision | undefined {
  return findRefusal(authority, (grant) => judgeTime(grant, now.getTime()));
}

/**
 * Denies whatever is asked at a time or from a network that some grant of the authority leaves out. Decides nothing else:
 * see {@link decide}.
 */
export function denyTimeAndPlace(
  authority: Authority,
  { now, address }: Pick<DecisionContext, 'now' | 'address'>,
): DeniedDecision | undefined {
  const steps = createSteps();
  return findRefusal(
    authority,
    (grant) => judgeTime(grant, now.getTime()) ?? unlessUsedUp(() => judgeNetwork(grant, address, steps), USED_UP),
  );
}

function findRefusal(
  authority: Authority,
  refuse: (grant: Grant) => Pick<DeniedDecision, 'rule' | 'reason'> | undefined,
): DeniedDecision | undefined {
  for (const [index, { grant, source }] of authority.entries()) {
    const refusal = refuse(grant);
    if (refusal !== undefined) return { allowed: false, grant: index + 1, source, ...refusal };
  }
  return undefined;
}

function leastLimit<K extends 'maxOutputTokens' | 'toolCallsPerRequest'>(authority: Authority, name: K) {
  let least: number | undefined;
  for (const { grant } of authority) {
    const limit = grant.limits?.[name];
    if (limit !== undefined && (least === undefined || limit < least)) least = limit;
  }
  return least === undefined ? undefined : ({ [name]: least } as { readonly [P in K]: number });
}
