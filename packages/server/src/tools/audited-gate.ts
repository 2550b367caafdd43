import type { ApprovalReason } from '@latchkey/client';
import type { ToolGate, ToolGateCall, ToolGateContext, ToolVerdict } from '@latchkey/mcp-bridge';
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
    }
  | { readonly allowed: false; readonly reason: string; readonly facts: Readonly<Record<string, string | number>> };

/** Judges a tool call, or the listing of a tool or server. */
export type Judge = (call: ToolGateCall) => JudgedCall;

/**
 * Turns a judge into the bridge's gate, and writes each call to the audit log before it is made: a call that the log
 * cannot record is refused. A call that needs the approval of a person waits for it, and is then judged again.
 *
 * @param ask absent where no person can be asked: calls that need approval are refused
 */
export function createAuditedGate(judge: Judge, audit: ToolAudit, ask?: AskApproval): ToolGate {
  return async (call, context) => {
    const { server, tool, arguments: args, argumentNames = [] } = call;
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
    const { approval: reasons } = judged;
    if (reasons) return callApproved({ ...sent, argumentNames }, changed, { judge, audit, ask, context, reasons });
    return callAudited(sent, changed, audit);
  };
}

const toVerdict = (judged: JudgedCall): ToolVerdict =>
  judged.allowed ? { allowed: true } : { allowed: false, reason: judged.reason };

/** @param changed the arguments, if they differ from those that the gate was asked about */
const callAudited = (
  call: AuditedCall,
  changed: Record<string, unknown> | undefined,
  audit: ToolAudit,
): Promise<ToolVerdict> =>
  audit.called(call).then(
    () => ({ allowed: true, ...(changed !== undefined && { arguments: changed }) }),
    () => ({ allowed: false, reason: UNAUDITED }),
  );

interface ApprovalOptions {
  readonly judge: Judge;
  readonly audit: ToolAudit;
  readonly ask: AskApproval | undefined;
  readonly context: ToolGateContext;
  readonly reasons: readonly ApprovalReason[];
}

interface CallToJudge extends AuditedCall {
  readonly argumentNames: readonly string[];
}

async function callApproved(
  call: CallToJudge,
  changed: Record<string, unknown> | undefined,
  { judge, audit, ask, context, reasons }: ApprovalOptions,
): Promise<ToolVerdict> {
  const deny = async (reason: string, facts: Readonly<Record<string, string | number>>): Promise<ToolVerdict> => {
    await audit.denied(call, facts);
    return { allowed: false, reason };
  };
  // A person is not asked about a call that cannot be made.
  const problem = context.problemOf?.(call.arguments);
  if (problem !== undefined) return deny(problem, { rule: 'schema', reason: problem });
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
  return callAudited(approved, written ?? changed, audit);
}

const NOT_REAL =
  'The call still waits: a path in its arguments leads elsewhere by a link. Write the real path, or deny the call.';
const UNAUDITED = 'the audit log of this server cannot record the call, so it is not made. Try again later';
const UNASKED = 'it needs the approval of a person, and this server cannot ask for it now. Try again later';
const NOBODY_TO_ASK = 'it needs the approval of a person, which cannot be asked for here';
