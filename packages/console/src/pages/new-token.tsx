import { useId, useState } from 'preact/hooks';
import { createToken, type Grant, type NewToken, type ShownToken } from '../api/tokens.ts';
import { DryRun } from '../parts/dry-run.tsx';
import { GrantEditor } from '../parts/grant-editor.tsx';
import { Failure } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { ShownOnce } from '../parts/shown-once.tsx';
import { navigate } from '../router.ts';
import { strings } from '../strings.ts';

const words = strings.newToken;
const DAY_MILLISECONDS = 86_400_000;
const DAYS = [1, 7, 30, 90, 365];
/** What is asked for most: chats with every model, and no tools. */
const FIRST_GRANT: Grant = { actions: ['chat', 'models:read'], models: ['*'] };

/** The form that makes a token. */
export function NewTokenPage() {
  const id = useId();
  const [name, setName] = useState('');
  const [owner, setOwner] = useState('');
  const [project, setProject] = useState('');
  const [kind, setKind] = useState('api-key');
  const [days, setDays] = useState('90');
  const [grant, setGrant] = useState<Grant>(FIRST_GRANT);
  const [isValid, setValid] = useState(true);
  const [isMissing, setMissing] = useState(false);
  const [error, setError] = useState<unknown>();
  const [shown, setShown] = useState<ShownToken>();

  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setError(undefined);
    setMissing(name.trim() === '');
    if (name.trim() === '') return document.getElementById(`${id}-name`)?.focus();
    const token: NewToken = {
      name: name.trim(),
      kind,
      grant,
      ...(owner.trim() === '' ? {} : { owner: owner.trim() }),
      ...(project.trim() === '' ? {} : { project: project.trim() }),
      ...(days === '' ? {} : { expiresAt: new Date(Date.now() + Number(days) * DAY_MILLISECONDS).toISOString() }),
    };
    try {
      setShown(await createToken(token));
    } catch (cause) {
      setError(cause);
    }
  };
  if (shown !== undefined) {
    return (
      <Page title={words.done}>
        <ShownOnce shown={shown} onClose={() => navigate(`/tokens/${shown.id}`, { replace: true })} />
      </Page>
    );
  }
  const text = (field: string, label: string, value: string, set: (value: string) => void) => (
    <div class="field">
      <label for={`${id}-${field}`}>{label}</label>
      <input
        id={`${id}-${field}`}
        value={value}
        maxLength={128}
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
    </div>
  );
  return (
    <Page title={words.title} lead={words.lead}>
      <form class="stack" onSubmit={(event) => void create(event)} noValidate>
        <div class="inline">
          <div class="field">
            <label for={`${id}-name`}>{words.name}</label>
            <input
              id={`${id}-name`}
              value={name}
              maxLength={128}
              aria-invalid={isMissing}
              aria-describedby={isMissing ? `${id}-missing` : undefined}
              onInput={({ currentTarget }) => setName(currentTarget.value)}
            />
            {isMissing && (
              <p id={`${id}-missing`} class="field-error">
                {words.nameRequired}
              </p>
            )}
          </div>
          {text('owner', words.owner, owner, setOwner)}
          {text('project', words.project, project, setProject)}
          <div class="field">
            <label for={`${id}-kind`}>{words.kind}</label>
            <select id={`${id}-kind`} value={kind} onChange={({ currentTarget }) => setKind(currentTarget.value)}>
              <option value="api-key">{strings.tokens.kinds['api-key']}</option>
              <option value="personal-access">{strings.tokens.kinds['personal-access']}</option>
              <option value="legacy">{strings.tokens.kinds.legacy}</option>
            </select>
          </div>
          <div class="field">
            <label for={`${id}-days`}>{words.expires}</label>
            <select id={`${id}-days`} value={days} onChange={({ currentTarget }) => setDays(currentTarget.value)}>
              {DAYS.map((count) => (
                <option key={count} value={count}>
                  {words.inDays(count)}
                </option>
              ))}
              <option value="">{words.never}</option>
            </select>
          </div>
        </div>
        <GrantEditor
          grant={grant}
          onChange={(changed) => {
            setValid(changed !== undefined);
            if (changed !== undefined) setGrant(changed);
          }}
        />
        {error !== undefined && <Failure error={error} />}
        <div class="actions">
          <button type="submit" class="primary" disabled={!isValid}>
            {words.submit}
          </button>
        </div>
      </form>
      <DryRun grant={grant} />
    </Page>
  );
}
