import type { ApprovalAnswer, ApprovalEvent, ShownApproval } from '@latchkey/client';
import { call, send } from './call.ts';
import { readEvents } from './read-events.ts';

const PATH = '/api/v1/approvals';

/** The calls that wait, and then each new and each ended one, until the signal fires or the connection ends. */
export async function* watchApprovals(signal: AbortSignal): AsyncGenerator<ApprovalEvent> {
  const answer = await send('GET', PATH, { accept: 'text/event-stream', signal });
  for await (const data of readEvents(answer)) yield JSON.parse(data) as ApprovalEvent;
}

export const decide = (id: string, answer: ApprovalAnswer): Promise<ShownApproval> =>
  call('POST', `${PATH}/${encodeURIComponent(id)}`, { body: answer });

/** The calls that wait now, and that the caller may decide about. */
export const listApprovals = async (): Promise<readonly ShownApproval[]> =>
  (await call<{ readonly approvals: readonly ShownApproval[] }>('GET', PATH)).approvals;
