import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useCallback, useState } from 'preact/hooks';
import { FINDING_KINDS, type Finding, type FindingKind, readHygiene, readNarrowed } from '../api/hygiene.ts';
import { editToken, showToken } from '../api/tokens.ts';
import { GrantChange } from '../parts/grant-change.tsx';
import { Link } from '../parts/link.tsx';
import { Listing } from '../parts/listing.tsx';
import { Failure, Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { strings } from '../strings.ts';

const words = strings.hygiene;

/** The tokens that their operator should look at: the same as `latchkey token doctor`. */
export function HygienePage({ mayWrite }: { readonly mayWrite: boolean }) {
  const [kind, setKind] = useState<FindingKind>();
  const { value, error, reload } = useLoaded(useCallback(() => readHygiene(kind), [kind]));
  const [narrowed, setNarrowed] = useState<string>();
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        kind !== undefined && (
          <button type="button" onClick={() => setKind(undefined)}>
            {words.all}
          </button>
        )
      }
    >
      {narrowed !== undefined && <Notice>{visibleLine(words.narrowed(narrowed))}</Notice>}
      <Listing value={value} error={error} onRetry={() => void reload()}>
        {({ tokens, findings, counts, toolCallsSince }) => (
          <>
            <p class="hint">
              {words.looked(tokens)} {toolCallsSince === null ? words.unknownCalls : ''}
            </p>
            {findings.length === 0 && <p class="empty">{words.empty}</p>}
            {FINDING_KINDS.map((one) => (
              <Findings
                key={one}
                kind={one}
                count={counts[one]}
                findings={findings.filter(({ kind: found }) => found === one)}
                mayWrite={mayWrite}
                onAll={() => setKind(one)}
                onNarrowed={(name) => {
                  setNarrowed(name);
                  void reload();
                }}
              />
            ))}
          </>
        )}
      </Listing>
    </Page>
  );
}

interface FindingsProps {
  readonly kind: FindingKind;
  readonly count: number;
  readonly findings: readonly Finding[];
  readonly mayWrite: boolean;
  readonly onAll: () => void;
  readonly onNarrowed: (name: string) => void;
}

function Findings({ kind, count, findings, mayWrite, onAll, onNarrowed }: FindingsProps) {
  if (findings.length === 0) return null;
  return (
    <section class="card" aria-label={words.kinds[kind]}>
      <h2>
        {words.kinds[kind]} <span class="state">{count}</span>
      </h2>
      <ul class="findings">
        {findings.map(({ token, message }) => (
          <li key={token.id}>
            <div>
              <Link to={`/tokens/${token.id}`}>{visibleLine(token.name)}</Link>{' '}
              <span class="hint">{visibleLine(token.owner)}</span>
              <p>{visibleLine(message)}</p>
            </div>
            {kind === 'wider-than-used' && mayWrite && <Narrow {...token} onDone={() => onNarrowed(token.name)} />}
          </li>
        ))}
      </ul>
      {findings.length < count && (
        <button type="button" onClick={onAll}>
          {words.more}
        </button>
      )}
    </section>
  );
}

interface NarrowProps {
  readonly id: string;
  readonly name: string;
  readonly onDone: () => void;
}

/** Narrows a grant to the tools that were used, after it has shown what that takes away. */
function Narrow({ id, name, onDone }: NarrowProps) {
  const [change, setChange] = useState<Awaited<ReturnType<typeof loadChange>>>();
  const [error, setError] = useState<unknown>();
  const attempt = (act: () => Promise<void>) => (): void => {
    setError(undefined);
    act().catch(setError);
  };
  const show = attempt(async () => setChange(await loadChange(id)));
  if (change === undefined) {
    return (
      <>
        <button type="button" aria-label={visibleLine(words.narrowOne(name))} onClick={show}>
          {words.narrow}
        </button>
        {error !== undefined && <Failure error={error} />}
      </>
    );
  }
  const { before, after } = change;
  if (after === undefined) return <p class="hint">{words.cannot}</p>;
  return (
    <div class="stack wide">
      <GrantChange before={before} after={after} />
      {error !== undefined && <Failure error={error} />}
      <div class="actions">
        <button
          type="button"
          class="primary"
          onClick={attempt(async () => {
            await editToken(id, { grant: after });
            onDone();
          })}
        >
          {strings.token.save}
        </button>
        <button type="button" onClick={() => setChange(undefined)}>
          {strings.cancel}
        </button>
      </div>
    </div>
  );
}

async function loadChange(id: string) {
  const [{ grant: before }, after] = await Promise.all([showToken(id), readNarrowed(id)]);
  return { before, after };
}
