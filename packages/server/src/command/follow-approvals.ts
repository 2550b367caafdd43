import { setTimeout } from 'node:timers/promises';
import {
  type ApprovalEvent,
  type ApprovalState,
  type Environment,
  LatchkeyError,
  type ShownApproval,
} from '@latchkey/client';
import type { ApiClient } from './api-client.ts';
import { type ConnectionFlags, connect } from './connection.ts';
import { describeFailure } from './describe-failure.ts';
import { remark } from './print.ts';
import { readEvents } from './read-events.ts';

const POLL_MILLISECONDS = 1000;
export const APPROVALS_PATH = '/api/v1/approvals';

/**
 * A pending call, or one that was shown before and has ended; `unknown` when the server no longer knows the outcome.
 */
export type FollowedApproval =
  | { readonly type: 'approval.requested'; readonly approval: ShownApproval }
  | { readonly type: 'approval.ended'; readonly id: string; readonly outcome: ApprovalState | 'unknown' };

/**
 * Yields pending calls and ended calls, without an end. If the server stops, the connection is retried until it is
 * back, also at another port of the same data folder. Each call is yielded once as pending and once as ended, however
 * often the server restarts.
 */
export async function* followApprovals(
  flags: ConnectionFlags,
  environment: Environment,
): AsyncGenerator<FollowedApproval> {
  const shown = new Set<string>();
  let hasConnected = false;
  let isAway = false;
  for (;;) {
    try {
      const client = connect(flags, environment);
      const response = await client.request('GET', APPROVALS_PATH, undefined, { Accept: 'text/event-stream' });
      const events = readUntilBroken(readEvents(response));
      hasConnected = true;
      isAway = false;
      yield* follow(client, events, shown);
    } catch (error) {
      if (!hasConnected || !isPassing(error)) throw error;
    }
    if (!isAway) remark('The connection to the server has ended. Connecting again.');
    isAway = true;
    await setTimeout(POLL_MILLISECONDS);
  }
}

/** @param shown the calls that were yielded as pending, and not yet as ended */
async function* follow(
  client: ApiClient,
  events: AsyncIterable<string>,
  shown: Set<string>,
): AsyncGenerator<FollowedApproval> {
  const missing = new Set(shown);
  for await (const data of events) {
    const event = JSON.parse(data) as ApprovalEvent;
    if (event.type === 'approval.requested') {
      const { id } = event.approval;
      missing.delete(id);
      if (shown.has(id)) continue;
      shown.add(id);
      yield event;
    } else if (event.type === 'approval.ended') {
      shown.delete(event.id);
      yield event;
    } else {
      // All pending calls were sent: the others have ended while there was no connection.
      for (const id of missing) {
        const outcome = await readState(client, id);
        shown.delete(id);
        yield { type: 'approval.ended', id, outcome };
      }
      missing.clear();
    }
  }
}

async function readState(client: ApiClient, id: string): Promise<ApprovalState | 'unknown'> {
  try {
    const response = await client.request('GET', `${APPROVALS_PATH}/${id}`);
    return ((await response.json()) as { readonly state: ApprovalState }).state;
  } catch (error) {
    if (error instanceof LatchkeyError && error.status === 404) return 'unknown';
    throw error;
  }
}

/** Yields the events of a connection; a broken connection ends them without an error. */
async function* readUntilBroken(events: AsyncGenerator<string>): AsyncGenerator<string> {
  for (;;) {
    const next = await events.next().catch(() => undefined);
    if (next === undefined || next.done) return;
    yield next.value;
  }
}

function isPassing(error: unknown): boolean {
  const { ending } = describeFailure(error);
  return ending === 'unreachable' || ending === 'later';
}
