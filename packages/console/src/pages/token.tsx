import { visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import type { ComponentChild } from 'preact';
import { useCallback, useState } from 'preact/hooks';
import {
  editToken,
  type Grant,
  listDerived,
  revokeToken,
  rotateToken,
  type ShownToken,
  showToken,
  stateOf,
  type Token,
  toTree,
} from '../api/tokens.ts';
import { ConfirmDialog } from '../parts/confirm-dialog.tsx';
import { DryRun } from '../parts/dry-run.tsx';
import { GrantChange } from '../parts/grant-change.tsx';
import { GrantEditor, GrantSentences } from '../parts/grant-editor.tsx';
import { Link } from '../parts/link.tsx';
import { Moment } from '../parts/moment.tsx';
import { Failure } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { ShownOnce } from '../parts/shown-once.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { strings } from '../strings.ts';
import { TokenTable } from './tokens.tsx';

const words = strings.token;

/** One token: what it may do, what was derived from it, and how it is changed, rotated and revoked. */
export function TokenPage({ id, mayWrite }: { readonly id: string; readonly mayWrite: boolean }) {
  const { value, error, reload } = useLoaded(
    useCallback(async () => ({ token: await showToken(id), derived: await listDerived(id) }), [id]),
  );
  const [asking, setAsking] = useState<'rotate' | 'revoke'>();
  const [shown, setShown] = useState<ShownToken>();
  const [isEditing, setEditing] = useState(false);
  const token = value?.token;

  const rotate = async (): Promise<void> => {
    setShown(await rotateToken(id, 'until-first-use'));
    setAsking(undefined);
    await reload();
  };
  const revoke = async (): Promise<void> => {
    await revokeToken(id);
    setAsking(undefined);
    await reload();
  };
  const isActive = token !== undefined && stateOf(token) === 'active';
  return (
    <Page
      title={visibleLine(token?.name ?? words.title)}
      actions={
        <>
          <Link to="/tokens">{words.back}</Link>
          {mayWrite && isActive && !isEditing && (
            <>
              <button type="button" onClick={() => setEditing(true)}>
                {words.edit}
              </button>
              <button type="button" onClick={() => setAsking('rotate')}>
                {words.rotate}
              </button>
              <button type="button" class="danger" onClick={() => setAsking('revoke')}>
                {words.revoke}
              </button>
            </>
          )}
        </>
      }
    >
      {error !== undefined && <Failure error={error} onRetry={() => void reload()} />}
      {token === undefined && error === undefined && <p role="status">{strings.loading}</p>}
      {shown !== undefined && <ShownOnce shown={shown} onClose={() => setShown(undefined)} />}
      {token !== undefined && <Facts token={token} />}
      {token !== undefined && isEditing && (
        <EditGrant
          token={token}
          onDone={() => {
            setEditing(false);
            void reload();
          }}
        />
      )}
      {token !== undefined && !isEditing && (
        <section class="card">
          <h2>{words.mayDo}</h2>
          <GrantSentences grant={token.grant} />
        </section>
      )}
      {token !== undefined && isActive && !isEditing && <DryRun grant={token.grant} />}
      {value !== undefined && value.derived.length > 0 && (
        <section class="stack">
          <h2>{words.derived}</h2>
          <TokenTable nodes={toTree(value.derived)} />
        </section>
      )}
      {asking === 'rotate' && (
        <ConfirmDialog
          title={words.confirmRotate.title}
          submit={words.confirmRotate.submit}
          onSubmit={rotate}
          onClose={() => setAsking(undefined)}
        >
          <p>{words.confirmRotate.text}</p>
        </ConfirmDialog>
      )}
      {asking === 'revoke' && value !== undefined && (
        <ConfirmDialog
          title={words.confirmRevoke.title}
          submit={words.confirmRevoke.submit}
          onSubmit={revoke}
          onClose={() => setAsking(undefined)}
        >
          <p>{words.confirmRevoke.text(value.derived.filter((one) => stateOf(one) === 'active').length)}</p>
        </ConfirmDialog>
      )}
    </Page>
  );
}

function Facts({ token }: { readonly token: Token }) {
  const { columns, kinds, states, never } = strings.tokens;
  const facts: readonly (readonly [string, ComponentChild])[] = [
    [words.id, <code key="id">{token.id}</code>],
    [columns.kind, kinds[token.kind as keyof typeof kinds] ?? visibleLine(token.kind)],
    [columns.owner, visibleLine(token.owner)],
    ...(token.project === undefined ? [] : [[words.project, visibleLine(token.project)] as const]),
    [columns.state, states[stateOf(token)]],
    [words.created, <Moment key="created" time={token.createdAt} />],
    [columns.used, token.lastUsedAt === undefined ? never : <Moment key="used" time={token.lastUsedAt} relative />],
    [columns.expires, token.expiresAt === undefined ? never : <Moment key="expires" time={token.expiresAt} />],
    ...(token.notes === undefined ? [] : [[words.notes, visibleText(token.notes)] as const]),
    ...(token.rotationDue ? [[words.rotation, words.rotationDue] as const] : []),
    ...(token.overlapEndsAt === undefined ? [] : [[words.overlap, words.overlapText(token.overlapEndsAt)] as const]),
  ];
  return (
    <dl class="facts">
      {facts.map(([label, fact]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Edits the grant, and says what that adds and takes away before it is saved. */
function EditGrant({ token, onDone }: { readonly token: Token; readonly onDone: () => void }) {
  const [grant, setGrant] = useState<Grant>(token.grant);
  const [isValid, setValid] = useState(true);
  const [error, setError] = useState<unknown>();

  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setError(undefined);
    try {
      await editToken(token.id, { grant });
      onDone();
    } catch (cause) {
      setError(cause);
    }
  };
  return (
    <form class="stack" onSubmit={(event) => void save(event)} noValidate>
      <GrantEditor
        grant={grant}
        onChange={(changed) => {
          setValid(changed !== undefined);
          if (changed !== undefined) setGrant(changed);
        }}
      />
      <GrantChange before={token.grant} after={grant} />
      {error !== undefined && <Failure error={error} />}
      <div class="actions">
        <button type="submit" class="primary" disabled={!isValid}>
          {words.save}
        </button>
        <button type="button" onClick={onDone}>
          {strings.cancel}
        </button>
      </div>
    </form>
  );
}
