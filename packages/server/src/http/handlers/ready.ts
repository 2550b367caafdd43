import { AuditUnavailableError } from '@latchkey/auth-core';
import { isDatabaseMoved } from '../../contracts/unexpected.ts';
import { json } from '../reply.ts';
import type { Handler } from '../step.ts';

/** What the server needs to do its work; each check rejects when it is unavailable. */
export interface ReadyChecks {
  /** Also rejects when the file of the database was removed or replaced. */
  readonly database: () => Promise<unknown>;
  readonly auditLog: () => Promise<unknown>;
  /** Rejects when the disk of the data folder is full. */
  readonly disk: () => Promise<unknown>;
}

type Answer = Readonly<Record<keyof ReadyChecks, 'ok' | 'unavailable' | 'removed' | 'refuses' | 'full'>>;

/** The endpoint is public, so its result is cached: requests must not put load on the database. */
const FRESH_MILLISECONDS = 1000;

/**
 * `GET /ready`: whether the server can do its work; 503 while it cannot. Without its database it denies every request;
 * without its audit log it refuses administration and tool calls; on a full disk it
 * stores nothing. `refuses`: the log is not as it was last written. `removed`: the file of the database is no longer the
 * one that is open.
 */
export function createReadyHandler({ database, auditLog, disk }: ReadyChecks, clock: () => Date): Handler {
  let known: { readonly answer: Promise<Answer>; readonly at: number } | undefined;

  async function look(): Promise<Answer> {
    const [store, log, room] = await Promise.allSettled([database(), auditLog(), disk()]);
    return {
      database: stateOfDatabase(store),
      auditLog: stateOf(log),
      disk: room.status === 'fulfilled' ? 'ok' : 'full',
    };
  }

  return async () => {
    const now = clock().getTime();
    if (known === undefined || Math.abs(now - known.at) >= FRESH_MILLISECONDS) known = { answer: look(), at: now };
    const answer = await known.answer;
    const isReady = Object.values(answer).every((state) => state === 'ok');
    return json({ status: isReady ? 'ready' : 'unavailable', ...answer }, isReady ? 200 : 503);
  };
}

function stateOfDatabase(outcome: PromiseSettledResult<unknown>): Answer['database'] {
  if (outcome.status === 'fulfilled') return 'ok';
  return isDatabaseMoved(outcome.reason) ? 'removed' : 'unavailable';
}

function stateOf(outcome: PromiseSettledResult<unknown>): Answer['auditLog'] {
  if (outcome.status === 'fulfilled') return 'ok';
  const { reason } = outcome;
  return reason instanceof AuditUnavailableError && reason.isTampered ? 'refuses' : 'unavailable';
}
