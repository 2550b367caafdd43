import type { DeniedDecision } from './decision.ts';

/**
 * Describes in one line which grant denied and why, e.g.
 * `grant #2 (token ci-bot): reports.write_file: argument content longer than 4000`.
 */
export function describeDenial({ grant, source, reason }: DeniedDecision): string {
  return `grant #${grant} (${source}): ${reason}`;
}
