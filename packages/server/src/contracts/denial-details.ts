import type { DeniedDecision } from '@latchkey/auth-core';
import type { ErrorDetails } from './server-error.ts';

/** The grant and the rule that denied, and the reason, for programs that read the answer. */
export const denialDetails = ({ grant, source, rule, reason }: DeniedDecision): ErrorDetails => ({
  grant,
  source,
  rule,
  reason,
});
