import { setTimeout } from 'node:timers/promises';
import type { AuditEntry } from '@latchkey/auth-core';
import type { Environment } from '@latchkey/client';
import type { ConnectionFlags } from './connection.ts';
import { describeFailure } from './describe-failure.ts';
import { remark } from './print.ts';
import { type AuditFilter, readAudit } from './read-audit.ts';

const POLL_MILLISECONDS = 1000;

/**
 * Yields the matching entries, then new ones as they arrive, without an end. If the server stops, the connection is
 * retried until it is back, also at another port of the same data folder. Each entry is yielded once, however often
 * that happens.
 */
export async function* followAudit(
  flags: ConnectionFlags,
  environment: Environment,
  filter: AuditFilter,
): AsyncGenerator<readonly AuditEntry[]> {
  let after = filter.after ?? 0;
  let hasRead = false;
  let isAway = false;
  for (;;) {
    try {
      for await (const page of readAudit(flags, environment, { ...filter, after })) {
        after = page.at(-1)?.seq ?? after;
        yield page;
      }
      hasRead = true;
      isAway = false;
    } catch (error) {
      if (!hasRead || !isPassing(error)) throw error;
      if (!isAway) remark(`${describeFailure(error).message} Waiting for it.`);
      isAway = true;
    }
    await setTimeout(POLL_MILLISECONDS);
  }
}

function isPassing(error: unknown): boolean {
  const { ending } = describeFailure(error);
  return ending === 'unreachable' || ending === 'later';
}
