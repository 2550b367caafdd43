import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useState } from 'preact/hooks';
import { endSession, listSessions, type Session } from '../api/sessions.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { Listing, RowTable } from '../parts/listing.tsx';
import { Moment } from '../parts/moment.tsx';
import { Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { strings } from '../strings.ts';

const words = strings.sessions;

/** The sessions of the token, here and in other browsers. */
export function Sessions() {
  const { value: sessions, error, reload } = useLoaded(listSessions);
  const [ending, setEnding] = useState<Session>();
  const [hasEnded, setEnded] = useState(false);

  const end = async ({ id }: Session): Promise<void> => {
    await endSession(id);
    setEnding(undefined);
    setEnded(true);
    await reload();
  };
  const { columns } = words;
  return (
    <Page title={words.title} lead={words.lead}>
      {hasEnded && <Notice>{words.ended}</Notice>}
      <Listing value={sessions} error={error} onRetry={() => void reload()} empty={words.empty}>
        {(found) => (
          <RowTable columns={Object.values(columns)}>
            {found.map((session) => (
              <tr key={session.id}>
                <th scope="row" data-label={columns.token}>
                  {visibleLine(session.token.name)}
                </th>
                <td data-label={columns.browser}>{visibleLine(session.browser ?? strings.none)}</td>
                <td data-label={columns.address}>{session.address ?? strings.none}</td>
                <td data-label={columns.used}>
                  <Moment time={session.usedAt} relative />
                </td>
                <td data-label={columns.expires}>
                  <Moment time={session.expiresAt} relative />
                </td>
                <td>
                  {session.current ? (
                    <span class="state state-active">{words.current}</span>
                  ) : (
                    <button
                      type="button"
                      class="danger-quiet"
                      aria-label={visibleLine(words.endOne(session.token.name, session.browser ?? ''))}
                      onClick={() => setEnding(session)}
                    >
                      {words.end}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </RowTable>
        )}
      </Listing>
      {ending !== undefined && (
        <ConfirmDialog
          title={words.confirm.title}
          submit={words.confirm.submit}
          onSubmit={() => end(ending)}
          onClose={() => setEnding(undefined)}
        >
          <p>{words.confirm.text}</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
