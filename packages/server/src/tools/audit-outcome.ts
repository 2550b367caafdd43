import type { ToolFailureKind, ToolOutcome } from '@latchkey/mcp-bridge';
import type { ToolAudit } from '../audit/tool-audit.ts';

/** Records the outcome of a call in the audit log by its kind only: a server's own words may repeat the arguments. */
export function auditOutcome(audit: ToolAudit, outcome: ToolOutcome): void {
  if (outcome.type === 'success') audit.ended(outcome.arguments, outcome.isError ? 'failed' : 'succeeded');
  else if (outcome.kind === 'invalid_name') audit.unknown(outcome.tool);
  else if (outcome.arguments !== undefined)
    audit.ended(outcome.arguments, isUnknown(outcome) ? 'unknown' : outcome.kind);
}

/** Whether a call was sent and its outcome is not known. */
export function isUnknown({ kind }: { readonly kind: ToolFailureKind }): boolean {
  return kind === 'aborted' || kind === 'timeout';
}
