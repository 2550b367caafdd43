import type { ToolGate, ToolGateCall, ToolGateContext, ToolVerdict } from '@latchkey/mcp-bridge';
import type { AuditedCall, ToolAudit } from '../audit/tool-audit.ts';
import type { AskApproval } from './ask-approval.ts';

/** Whether something may be used, or once a person has agreed; and the facts of a refusal for the audit log. */
export type JudgedCall =
  | { readonly allowed: true; readonly approval?: boolean }
  | { readonly allowed: false; readonly reason: string; readonly facts: Readonly<Record<string, string | number>> };

/** Judges what somebody wants to do. */
export type Judge = (call: ToolGateCall) => JudgedCall;

/**
 * Makes a judge the bridge's gate, and has the audit log know of each call before it is made: a call of which the log
 * can't take note is refused. A call that needs the approval of a person waits for it, and is judged again then.
 *
 * @param ask absent where nobody can be asked: calls that need approval are refused
 */
export function createAuditedGate(judge: Judge, audit: ToolAudit, ask?: AskApproval): ToolGate {
  return async ({ server, tool, arguments: args }, context) => {
    const judged = judge({
      server,
      ...(tool === undefined ? {} : { tool }),
      ...(args === undefined ? {} : { arguments: args }),
    });
    // Whether a server may be started, or a tool be listed: nothing is called.
    if (tool === undefined || args === undefined) return toVerdict(judged);
    const call = { server, tool, arguments: args };
    if (!judged.allowed) {
      await audit.denied(call, judged.facts);
      return toVerdict(judged);
    }
    return judged.approval ? callApproved(call, { judge, audit, ask, context }) : callAudited(call, audit);
  };
}

const toVerdict = (judged: JudgedCall): ToolVerdict =>
  judged.allowed ? { allowed: true } : { allowed: false, reason: judged.reason };

const callAudited = (call: AuditedCall, audit: ToolAudit): Promise<ToolVerdict> =>
  audit.called(call).then(
    () => ({ allowed: true }),
    () => ({ allowed: false, reason: UNAUDITED }),
  );

interface ApprovalOptions {
  readonly judge: Judge;
  readonly audit: ToolAudit;
  readonly ask: AskApproval | undefined;
  readonly context: ToolGateContext;
}

async function callApproved(call: AuditedCall, { judge, audit, ask, context }: ApprovalOptions): Promise<ToolVerdict> {
  const deny = async (reason: string, facts: Readonly<Record<string, string | number>>): Promise<ToolVerdict> => {
    await audit.denied(call, facts);
    return { allowed: false, reason };
  };
  // A person is not asked about a call that could not be made.
  const problem = context.problemOf?.(call.arguments);
  if (problem !== undefined) return deny(problem, { rule: 'schema', reason: problem });
  if (ask === undefined) return deny(NOBODY_TO_ASK, { rule: 'approval', reason: NOBODY_TO_ASK });

  const outcome = await ask({
    ...call,
    refusalOf: (args) => {
      const judged = judge({ ...call, arguments: args });
      if (!judged.allowed) return { code: 'PERMISSION_DENIED', message: `The call still waits: ${judged.reason}` };
      const wrong = context.problemOf?.(args);
      return wrong === undefined ? undefined : { code: 'INVALID_REQUEST', message: `The call still waits: ${wrong}` };
    },
    onWaiting: (id) => audit.awaited({ ...call, approval: id }),
    signal: context.signal,
  }).catch(() => undefined);
  if (outcome === undefined) return deny(UNASKED, { rule: 'approval', reason: UNASKED });
  // Nothing was decided.
  if (!outcome.approved && outcome.goesOn) return { allowed: false, reason: outcome.reason };
  if (!outcome.approved) {
    return deny(outcome.reason, { rule: 'approval', reason: outcome.reason, approval: outcome.id });
  }
  const { arguments: changed } = outcome;
  const approved = { ...call, ...(changed === undefined ? {} : { arguments: changed }), approval: outcome.id };
  const verdict = await callAudited(approved, audit);
  return verdict.allowed && changed !== undefined ? { allowed: true, arguments: changed } : verdict;
}

const UNAUDITED = 'the audit log of this server can not take note of the call, so it is not made. Try again later';
const UNASKED = 'it needs the approval of a person, and this server can not ask for it now. Try again later';
const NOBODY_TO_ASK = 'it needs the approval of a person, which can not be asked for here';
