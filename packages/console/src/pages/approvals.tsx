import type { ApprovalState, ShownApproval } from '@latchkey/client';
import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useEffect, useState } from 'preact/hooks';
import { ApiError, isFinal } from '../api/api-error.ts';
import { watchApprovals } from '../api/approvals.ts';
import { ApprovalCard } from '../parts/approval-card.tsx';
import { canAskToNotify, notifyOf } from '../parts/desktop-notice.ts';
import { Failure, Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { passed } from '../parts/passed.ts';
import { strings } from '../strings.ts';

const words = strings.approvals;
const RECONNECT_MILLISECONDS = 2000;
/** How many ended calls are remembered on the page. */
const MOST_ENDED = 20;

interface Ended {
  readonly approval: ShownApproval;
  readonly outcome: Exclude<ApprovalState, 'waiting'>;
}

/** The calls that wait for this caller, as they come and go. */
export function Approvals() {
  const [waiting, setWaiting] = useState<readonly ShownApproval[]>([]);
  const [ended, setEnded] = useState<readonly Ended[]>([]);
  const [isListed, setListed] = useState(false);
  const [error, setError] = useState<unknown>();
  const [mayAsk, setMayAsk] = useState(canAskToNotify);

  useEffect(() => {
    const stopped = new AbortController();
    void follow(stopped.signal, {
      onList: (approvals) => {
        setWaiting(approvals);
        setListed(true);
        setError(undefined);
      },
      onRequested: notifyOf,
      onEnded: (one) => setEnded((before) => [one, ...before].slice(0, MOST_ENDED)),
      onFailure: setError,
    });
    return () => stopped.abort();
  }, []);

  const ask = async (): Promise<void> => {
    await Notification.requestPermission();
    setMayAsk(canAskToNotify());
  };
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        mayAsk && (
          <button type="button" onClick={() => void ask()}>
            {words.notify}
          </button>
        )
      }
    >
      {error !== undefined && <Failure error={error} />}
      <p role="status" class="hint">
        {isListed ? words.count(waiting.length) : strings.loading}
      </p>
      <ul class="cards-list">
        {waiting.map((approval) => (
          <ApprovalCard key={approval.id} approval={approval} />
        ))}
      </ul>
      {ended.length > 0 && (
        <Notice>
          <ul class="plain">
            {ended.map(({ approval, outcome }) => (
              <li key={approval.id}>
                {visibleLine(
                  words.ended(`${approval.server} ${approval.tool}`, approval.token.name, words.outcomes[outcome]),
                )}
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </Page>
  );
}

interface Listeners {
  onList(waiting: readonly ShownApproval[]): void;
  onRequested(approval: ShownApproval): void;
  onEnded(ended: Ended): void;
  onFailure(error: unknown): void;
}

/** Follows the calls until the signal fires. A connection that ends is opened again while the page can be seen. */
async function follow(signal: AbortSignal, { onList, onRequested, onEnded, onFailure }: Listeners): Promise<void> {
  const known = new Map<string, ShownApproval>();
  while (!signal.aborted) {
    const missing = new Set(known.keys());
    let isNew = false;
    try {
      for await (const event of watchApprovals(signal)) {
        if (event.type === 'approval.listed') {
          // All that wait were sent: the others have ended while there was no connection.
          for (const id of missing) known.delete(id);
          isNew = true;
        } else if (event.type === 'approval.requested') {
          missing.delete(event.approval.id);
          known.set(event.approval.id, event.approval);
          if (isNew) onRequested(event.approval);
        } else {
          const approval = known.get(event.id);
          if (approval !== undefined) onEnded({ approval, outcome: event.outcome });
          known.delete(event.id);
        }
        if (isNew) onList([...known.values()]);
      }
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error);
      if (error instanceof ApiError && isFinal(error)) return;
    }
    await passed(RECONNECT_MILLISECONDS, signal);
  }
}
