import type { ToolFailureKind, ToolOutcome } from '@latchkey/mcp-bridge';
import type { ToolAudit } from '../audit/tool-audit.ts';

/** Has the audit log know what came of a call, by its kind only: what a server says of a call may repeat its arguments. */
export function auditOutcome(audit: ToolAudit, outcome: ToolOutcome): void {
  if (outcome.type === 'success') audit.ended(outcome.arguments, outcome.isError ? 'failed' : 'succeeded');
  else if (outcome.kind === 'invalid_name') audit.unknown(outcome.tool);
  else if (outcome.arguments !== undefined)
    audit.ended(outcome.arguments, isUnknown(outcome) ? 'unknown' : outcome.kind);
}

/** Whether a call was sent, and nobody has heard what came of it. */
export function isUnknown({ kind }: { readonly kind: ToolFailureKind }): boolean {
  return kind === 'aborted' || kind === 'timeout';
}
