import { type AuthorityEntry, describeDenial } from '@latchkey/auth-core';
import type { AccessRequest, Decision } from '@latchkey/auth-core/llm';
import type { ToolGateCall } from '@latchkey/mcp-bridge';
import { denialDetails } from '../contracts/denial-details.ts';
import type { JudgedCall } from './audited-gate.ts';
import type { ExplainApproval } from './explain-approval.ts';

/** Decides for one caller; the entries of the request can only narrow its authority. */
export type Decide = (request: AccessRequest, entries: readonly AuthorityEntry[]) => Decision;

/**
 * Judges calls by auth-core's decision: listing and calling ask the same question, one with arguments and one without.
 *
 * @param entries the request's own grants, e.g. its `allowed_tools`
 * @param explain says why a call needs approval; by default no reason is given
 */
export function createPermissionGate(
  decide: Decide,
  entries: readonly AuthorityEntry[],
  explain: ExplainApproval = () => [],
): (call: ToolGateCall) => JudgedCall {
  return (call) => {
    const tool = {
      server: call.server,
      ...(call.tool === undefined ? {} : { name: call.tool }),
      ...(call.arguments === undefined ? {} : { arguments: call.arguments }),
      ...(call.argumentNames === undefined ? {} : { argumentNames: call.argumentNames }),
      ...(call.effect === undefined ? {} : { effect: call.effect }),
    };
    const decision = decide({ action: 'chat', mcp: tool }, entries);
    if (!decision.allowed) {
      return { allowed: false, reason: describeDenial(decision), facts: denialDetails(decision) };
    }
    return {
      allowed: true,
      ...(decision.approval && { approval: explain({ action: 'chat', mcp: tool }, entries) }),
      ...(decision.uses && { uses: decision.uses }),
      ...(decision.instead?.mcp?.arguments !== undefined && { arguments: decision.instead.mcp.arguments }),
    };
  };
}
