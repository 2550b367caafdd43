import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useCallback, useEffect, useState } from 'preact/hooks';
import { type StoredResponse, showResponse } from '../api/conversations.ts';
import { Link } from '../parts/link.tsx';
import { MessageView } from '../parts/message-view.tsx';
import { Moment } from '../parts/moment.tsx';
import { Failure } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { strings } from '../strings.ts';

/** How many responses are read at once. */
const STEP = 10;
const words = strings.conversation;

/** One conversation, up to a response: what was said, called and answered. */
export function ConversationPage({ id }: { readonly id: string }) {
  const [turns, setTurns] = useState<readonly StoredResponse[]>([]);
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(true);

  /** Reads a response and those before it, the newest first. */
  const load = useCallback(async (from: string, known: readonly StoredResponse[]): Promise<void> => {
    setLoading(true);
    setError(undefined);
    let all = known;
    try {
      for (let at: string | null = from; at !== null && all.length < known.length + STEP; ) {
        const turn: StoredResponse = await showResponse(at);
        all = [turn, ...all];
        at = turn.previous_response_id;
      }
    } catch (cause) {
      setError(cause);
    }
    setTurns(all);
    setLoading(false);
  }, []);
  useEffect(() => void load(id, []), [id, load]);

  const [first] = turns;
  const last = turns.at(-1);
  const earlier = first?.previous_response_id ?? null;
  return (
    <Page title={words.title} actions={<Link to="/conversations">{words.back}</Link>}>
      {last !== undefined && (
        <dl class="facts">
          <div>
            <dt>{strings.conversations.columns.model}</dt>
            <dd>{visibleLine(last.model)}</dd>
          </div>
          <div>
            <dt>{strings.conversations.columns.state}</dt>
            <dd>{strings.conversations.states[last.state]}</dd>
          </div>
          <div>
            <dt>{strings.conversations.columns.last}</dt>
            <dd>
              <Moment time={last.created_at} />
            </dd>
          </div>
          <div>
            <dt>{words.expires}</dt>
            <dd>{last.expires_at === null ? words.kept : <Moment time={last.expires_at} />}</dd>
          </div>
        </dl>
      )}
      {isLoading && <p role="status">{strings.loading}</p>}
      {error !== undefined && <Failure error={error} onRetry={() => void load(earlier ?? id, turns)} />}
      {!isLoading && error === undefined && earlier !== null && (
        <button type="button" onClick={() => void load(earlier, turns)}>
          {words.earlier}
        </button>
      )}
      <ol class="messages">
        {turns.flatMap((turn) =>
          turn.messages.map((message, at) => <MessageView key={`${turn.id}-${at}`} message={message} />),
        )}
      </ol>
    </Page>
  );
}
