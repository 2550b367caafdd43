import { type CountedUse, LimitExceededError, type Meter } from '@latchkey/auth-core';
import type { ApprovalReason } from '@latchkey/client';
import type { ToolEffect, ToolGate, ToolGateCall, ToolGateContext, ToolVerdict } from '@latchkey/mcp-bridge';
import type { AuditedCall, ToolAudit } from '../audit/tool-audit.ts';
import type { AskApproval } from './ask-approval.ts';

/** Whether something may be used, possibly after approval by a person; a refusal has facts for the audit log. */
export type JudgedCall =
  | {
      readonly allowed: true;
      /** Why a person must approve it; absent when none must. */
      readonly approval?: readonly ApprovalReason[];
      /** The arguments to send in place of the original ones: real paths where paths were judged. */
      readonly arguments?: Readonly<Record<string, unknown>>;
      /** The limits of rules that the call counts against. */
      readonly uses?: readonly CountedUse[];
    }
  | { readonly allowed: false; readonly reason: string; readonly facts: Readonly<Record<string, string | number>> };

/** Counts calls, for all servers that share a store. */
export type CallCounter = Pick<Meter, 'use' | 'expectUse'>;

/** Judges a tool call, or the listing of a tool or server. */
export type Judge = (call: ToolGateCall) => JudgedCall;

/**
 * Turns a judge into the bridge's gate, and writes each call to the audit log before it is made: a call that the log
 * cannot record is refused. A call that needs the approval of a person waits for it, and is then judged again. A call
 * that a rule limits is counted when nothing else stands against it.
 *
 * @param ask absent where no person can be asked: calls that need approval are refused
 * @param counter absent where nothing is counted: calls that a rule limits are refused
 */
export function createAuditedGate(judge: Judge, audit: ToolAudit, ask?: AskApproval, counter?: CallCounter): ToolGate {
  return async (call, context) => {
    const { server, tool, arguments: args, argumentNames = [], effect } = call;
    const judged = judge(call);
    // The question is whether a server may be started or a tool listed: nothing is called.
    if (tool === undefined || args === undefined) return toVerdict(judged);
    if (!judged.allowed) {
      await audit.denied({ server, tool, arguments: args }, judged.facts);
      return toVerdict(judged);
    }
    // The arguments that are shown to a person, stored and sent are those that were judged.
    const changed = judged.arguments === undefined ? undefined : { ...judged.arguments };
    const sent = { server, tool, arguments: changed ?? args };
    const { approval: reasons, uses = [] } = judged;
    const counting = { audit, context, counter, uses };
    if (reasons) {
      const waiting = { ...sent, argumentNames, ...(effect !== undefined && { effect }) };
      return callApproved(waiting, changed, { ...counting, judge, ask, reasons });
    }
    return callAudited(sent, changed, counting);
  };
}

const toVerdict = (judged: JudgedCall): ToolVerdict =>
  judged.allowed ? { allowed: true } : { allowed: false, reason: judged.reason };

interface CountingOptions {
  readonly audit: ToolAudit;
  readonly context: ToolGateContext;
  readonly counter: CallCounter | undefined;
  readonly uses: readonly CountedUse[];
}

/** @param changed the arguments, if they differ from those that the gate was asked about */
async function callAudited(
  call: AuditedCall,
  changed: Record<string, unknown> | undefined,
  { audit, context, counter, uses }: CountingOptions,
): Promise<ToolVerdict> {
  // A call that does not fit the tool's schema is not made, and so counts for nothing.
  if (uses.length > 0 && context.problemOf?.(call.arguments) === undefined) {
    const refusal = await refusalOf(() => counterOf(counter).use(uses));
    if (refusal !== undefined) {
      await audit.denied(call, { ...refusal });
      return { allowed: false, reason: refusal.reason };
    }
  }
  return audit.called(call).then(
    () => ({ allowed: true, ...(changed !== undefined && { arguments: changed }) }),
    () => ({ allowed: false, reason: UNAUDITED }),
  );
}

const counterOf = (counter: CallCounter | undefined): CallCounter => {
  if (counter === undefined) throw new TypeError(UNCOUNTED);
  return counter;
};

/** Which limit is used up, and when there is room again; undefined when there is room now. */
async function refusalOf(
  count: () => Promise<void>,
): Promise<{ readonly rule: string; readonly reason: string; readonly source?: string } | undefined> {
  try {
    await count();
    return undefined;
  } catch (error) {
    if (!(error instanceof LimitExceededError)) return { rule: 'limits', reason: UNCOUNTED };
    const { limit, rule = '', source, retryAfterSeconds } = error;
    const reason =
      `the limit ${limit} of ${source} for ${rule} is used up. There is room again in ${retryAfterSeconds} seconds; ` +
      'the same call before that is refused as well';
    return { rule: limit, source, reason };
  }
}

interface ApprovalOptions extends CountingOptions {
  readonly judge: Judge;
  readonly ask: AskApproval | undefined;
  readonly reasons: readonly ApprovalReason[];
}

interface CallToJudge extends AuditedCall {
  readonly argumentNames: readonly string[];
  readonly effect?: ToolEffect;
}

async function callApproved(
  call: CallToJudge,
  changed: Record<string, unknown> | undefined,
  { judge, ask, reasons, ...counting }: ApprovalOptions,
): Promise<ToolVerdict> {
  const { audit, context, counter, uses } = counting;
  const deny = async (reason: string, facts: Readonly<Record<string, string | number>>): Promise<ToolVerdict> => {
    await audit.denied(call, facts);
    return { allowed: false, reason };
  };
  // A person is not asked about a call that cannot be made.
  const problem = context.problemOf?.(call.arguments);
  if (problem !== undefined) return deny(problem, { rule: 'schema', reason: problem });
  // Nor about one for which there is no room.
  const full = uses.length === 0 ? undefined : await refusalOf(() => counterOf(counter).expectUse(uses));
  if (full !== undefined) return deny(full.reason, { ...full });
  if (ask === undefined) return deny(NOBODY_TO_ASK, { rule: 'approval', reason: NOBODY_TO_ASK });

  const outcome = await ask({
    ...call,
    reasons,
    refusalOf: (args) => {
      const judged = judge({ ...call, arguments: args });
      if (!judged.allowed) return { code: 'PERMISSION_DENIED', message: `The call still waits: ${judged.reason}` };
      // Symbolic links changed since the arguments were shown, or the arguments that the person wrote are not real
      // paths.
      if (judged.arguments !== undefined) return { code: 'INVALID_REQUEST', message: NOT_REAL };
      const wrong = context.problemOf?.(args);
      return wrong === undefined ? undefined : { code: 'INVALID_REQUEST', message: `The call still waits: ${wrong}` };
    },
    onWaiting: (id) => audit.awaited({ ...call, approval: id }),
    signal: context.signal,
  }).catch(() => undefined);
  if (outcome === undefined) return deny(UNASKED, { rule: 'approval', reason: UNASKED });
  // The call is undecided, or another turn makes it.
  if (!outcome.approved && (outcome.goesOn || outcome.madeBy !== undefined)) {
    return { allowed: false, reason: outcome.reason };
  }
  if (!outcome.approved) {
    return deny(outcome.reason, { rule: 'approval', reason: outcome.reason, approval: outcome.id });
  }
  const written = outcome.arguments;
  const approved = { ...call, ...(written === undefined ? {} : { arguments: written }), approval: outcome.id };
  return callAudited(approved, written ?? changed, counting);
}

const NOT_REAL =
  'The call still waits: a path in its arguments leads elsewhere by a link. Write the real path, or deny the call.';
const UNCOUNTED = 'a grant limits how often it may be called, and this server cannot count now. Try again later';
const UNAUDITED = 'the audit log of this server cannot record the call, so it is not made. Try again later';
const UNASKED = 'it needs the approval of a person, and this server cannot ask for it now. Try again later';
const NOBODY_TO_ASK = 'it needs the approval of a person, which cannot be asked for here';
