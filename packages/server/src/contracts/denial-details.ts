import type { DeniedDecision } from '@latchkey/auth-core';
import type { ErrorDetails } from './server-error.ts';

/** Which grant denied, by which of its rules, and why; for programs that read the answer. */
export const denialDetails = ({ grant, source, rule, reason }: DeniedDecision): ErrorDetails => ({
  grant,
  source,
  rule,
  reason,
});
