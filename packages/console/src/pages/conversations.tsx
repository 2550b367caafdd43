import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useState } from 'preact/hooks';
import {
  type Conversation,
  deleteResponse,
  listResponses,
  type ResponseHead,
  toConversations,
} from '../api/conversations.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Link } from '../parts/link.tsx';
import { Listing, RowTable } from '../parts/listing.tsx';
import { formatTime, Moment } from '../parts/moment.tsx';
import { Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { type ListPage, usePages } from '../parts/use-pages.ts';
import { strings } from '../strings.ts';

const words = strings.conversations;

const loadResponses = async (before?: string): Promise<ListPage<ResponseHead>> => {
  const { responses: items, next } = await listResponses(before);
  return { items, next: next ?? undefined };
};

/** The stored conversations of the token: what is kept, until when, and how to delete it. */
export function Conversations() {
  const { value, error, isLoading, reload, more } = usePages(loadResponses);
  const [removing, setRemoving] = useState<Conversation>();
  const [removed, setRemoved] = useState<number>();

  const remove = async (conversation: Conversation): Promise<void> => {
    const { deleted } = await deleteResponse(await findRoot(conversation.first, value?.next));
    setRemoved(deleted);
    setRemoving(undefined);
    await reload();
  };

  return (
    <Page title={words.title} lead={words.lead}>
      {removed !== undefined && <Notice>{words.removed(removed)}</Notice>}
      <Listing
        value={value}
        error={error}
        onRetry={() => void (value === undefined ? reload() : more())}
        empty={words.empty}
        isEmpty={({ items }) => items.length === 0}
      >
        {({ items, next }) => (
          <>
            <ConversationTable conversations={toConversations(items)} onRemove={setRemoving} />
            {next !== undefined && (
              <button type="button" onClick={() => void more()} disabled={isLoading}>
                {words.more}
              </button>
            )}
          </>
        )}
      </Listing>
      {removing !== undefined && (
        <ConfirmDialog
          title={words.confirm.title}
          submit={words.confirm.submit}
          onSubmit={() => remove(removing)}
          onClose={() => setRemoving(undefined)}
        >
          <p>{words.confirm.text}</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}

/** The id of a conversation's first response, which may be further back than what is loaded. */
async function findRoot(first: ResponseHead, after: string | undefined): Promise<string> {
  let [at, next] = [first, after ?? null];
  while (at.previous_response_id !== null && next !== null) {
    const page = await listResponses(next);
    const byId = new Map(page.responses.map((response) => [response.id, response]));
    for (
      let up = byId.get(at.previous_response_id ?? '');
      up !== undefined;
      up = byId.get(at.previous_response_id ?? '')
    )
      at = up;
    next = page.next;
  }
  return at.id;
}

interface TableProps {
  readonly conversations: readonly Conversation[];
  readonly onRemove: (conversation: Conversation) => void;
}

function ConversationTable({ conversations, onRemove }: TableProps) {
  const { columns } = words;
  return (
    <RowTable columns={Object.values(columns)}>
      {conversations.map((conversation) => (
        <Row key={conversation.last.id} conversation={conversation} onRemove={onRemove} />
      ))}
    </RowTable>
  );
}

function Row({
  conversation,
  onRemove,
}: {
  readonly conversation: Conversation;
  readonly onRemove: TableProps['onRemove'];
}) {
  const { last, first, length } = conversation;
  const { columns, states } = words;
  const time = formatTime(last.created_at);
  return (
    <tr>
      <th scope="row" data-label={columns.last}>
        <Link to={`/conversations/${last.id}`} label={words.readOne(time)}>
          <Moment time={last.created_at} />
        </Link>
      </th>
      <td data-label={columns.model}>{visibleLine(last.model)}</td>
      <td data-label={columns.state}>
        <span class={`state state-${last.state}`}>{states[last.state]}</span>
      </td>
      <td data-label={columns.length}>{words.lengthFrom(length, first.previous_response_id === null)}</td>
      <td data-label={columns.expires}>
        {last.expires_at === null ? words.neverExpires : <Moment time={last.expires_at} relative />}
      </td>
      <td>
        <button
          type="button"
          class="danger-quiet"
          aria-label={words.removeOne(time)}
          onClick={() => onRemove(conversation)}
        >
          {words.remove}
        </button>
      </td>
    </tr>
  );
}
