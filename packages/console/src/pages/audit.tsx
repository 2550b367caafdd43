import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useCallback, useEffect, useId, useState } from 'preact/hooks';
import { type AuditEntry, type AuditFilter, listAudit } from '../api/audit.ts';
import { Code } from '../parts/code.tsx';
import { Listing, RowTable } from '../parts/listing.tsx';
import { Moment } from '../parts/moment.tsx';
import { Page } from '../parts/page.tsx';
import { strings } from '../strings.ts';

const words = strings.audit;
const HOUR_MILLISECONDS = 3_600_000;
const FOLLOW_MILLISECONDS = 3000;
/** The newest entries stay on the page; older ones are found with the filter. */
const MOST_ENTRIES = 1000;

interface Loaded {
  readonly entries: readonly AuditEntry[];
  readonly next: number;
  readonly isWhole: boolean;
}

const sinceOf = (hours: string): string =>
  hours === '' ? '' : new Date(Date.now() - Number(hours) * HOUR_MILLISECONDS).toISOString();

/** The audit log, newest entries first, as it grows. */
export function Audit() {
  const id = useId();
  const [type, setType] = useState('');
  const [actor, setActor] = useState('');
  const [hours, setHours] = useState('24');
  const [follows, setFollows] = useState(false);
  const [loaded, setLoaded] = useState<Loaded>();
  const [error, setError] = useState<unknown>();

  const load = useCallback(async (filter: AuditFilter, from?: Loaded): Promise<void> => {
    try {
      const { entries, next } = await listAudit(filter, from?.next ?? 0);
      const all = [...entries.toReversed(), ...(from?.entries ?? [])].slice(0, MOST_ENTRIES);
      setLoaded({ entries: all, next, isWhole: entries.length === 0 });
      setError(undefined);
    } catch (cause) {
      setError(cause);
    }
  }, []);
  const [filter, setFilter] = useState<AuditFilter>(() => ({ type: '', actor: '', since: sinceOf('24') }));
  useEffect(() => {
    setLoaded(undefined);
    void load(filter);
  }, [filter, load]);

  const isBehind = loaded !== undefined && !loaded.isWhole;
  useEffect(() => {
    // What is there already is read page by page, and then, if it is followed, what comes.
    if (loaded === undefined || error !== undefined) return;
    if (!isBehind && !follows) return;
    const timer = setTimeout(
      () => {
        if (!document.hidden) void load(filter, loaded);
        else setLoaded({ ...loaded });
      },
      isBehind ? 0 : FOLLOW_MILLISECONDS,
    );
    return () => clearTimeout(timer);
  }, [loaded, isBehind, follows, filter, load, error]);

  const apply = (event: Event): void => {
    event.preventDefault();
    setFilter({ type: type.trim(), actor: actor.trim(), since: sinceOf(hours) });
  };
  return (
    <Page title={words.title} lead={words.lead}>
      <form class="inline" onSubmit={apply}>
        <div class="field">
          <label for={`${id}-type`}>{words.type}</label>
          <input
            id={`${id}-type`}
            value={type}
            placeholder="permission.denied"
            spellcheck={false}
            onInput={({ currentTarget }) => setType(currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={`${id}-actor`}>{words.actor}</label>
          <input
            id={`${id}-actor`}
            value={actor}
            spellcheck={false}
            onInput={({ currentTarget }) => setActor(currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={`${id}-hours`}>{words.since}</label>
          <select id={`${id}-hours`} value={hours} onChange={({ currentTarget }) => setHours(currentTarget.value)}>
            {words.spans.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </div>
        <button type="submit">{words.apply}</button>
        <button type="button" aria-pressed={follows} onClick={() => setFollows(!follows)}>
          {words.follow}
        </button>
      </form>
      <Listing value={loaded} error={error} onRetry={() => void load(filter)}>
        {({ entries }) => (
          <>
            <p role="status" class="hint">
              {isBehind ? strings.loading : words.count(entries.length, MOST_ENTRIES)}
            </p>
            {entries.length > 0 && <AuditTable entries={entries} />}
          </>
        )}
      </Listing>
    </Page>
  );
}

function AuditTable({ entries }: { readonly entries: readonly AuditEntry[] }) {
  const { columns } = words;
  return (
    <RowTable columns={Object.values(columns)}>
      {entries.map(({ seq, at, type, actor, subject, details }) => (
        <tr key={seq}>
          <th scope="row" data-label={columns.seq}>
            {seq}
          </th>
          <td data-label={columns.at}>
            <Moment time={at} />
          </td>
          <td data-label={columns.type}>
            <code>{visibleLine(type)}</code>
          </td>
          <td data-label={columns.actor}>{visibleLine(actor.name ?? actor.id ?? actor.address ?? strings.none)}</td>
          <td data-label={columns.subject}>{visibleLine(subject ?? strings.none)}</td>
          <td>
            {details !== undefined && (
              <details>
                <summary>{words.details(seq)}</summary>
                <Code value={details} label={words.details(seq)} />
              </details>
            )}
          </td>
        </tr>
      ))}
    </RowTable>
  );
}
