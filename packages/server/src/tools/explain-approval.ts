import type { AuthorityEntry, Principal } from '@latchkey/auth-core';
import type { AccessRequest, Auth } from '@latchkey/auth-core/llm';
import type { ApprovalReason } from '@latchkey/client';

/** Which grants of a caller, and of its request, want a person to approve a call that they all allow. */
export type ExplainApproval = (request: AccessRequest, entries: readonly AuthorityEntry[]) => readonly ApprovalReason[];

/** Explains the approvals of one caller: each grant decides about the call alone. */
export const explainApprovalFor =
  (auth: Pick<Auth, 'decide'>, principal: Principal): ExplainApproval =>
  (request, entries) => {
    const wants = ({ source, grant: { mcp = {} } }: AuthorityEntry): boolean => {
      // All of them allow it here and now, so that only their rules for tools are asked.
      const alone: AuthorityEntry = { source, grant: { actions: ['chat'], mcp } };
      const decision = auth.decide({ ...principal, authority: [alone] }, request);
      return decision.allowed && decision.approval;
    };
    const grants = principal.authority.filter(wants).map(({ source }): ApprovalReason => ({ type: 'grant', source }));
    return entries.some(wants) ? [...grants, { type: 'caller' }] : grants;
  };
