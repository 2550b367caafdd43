import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useId, useState } from 'preact/hooks';
import { listTokens, stateOf, type Token, type TokenNode, type TokenState, toTree } from '../api/tokens.ts';
import { Link } from '../parts/link.tsx';
import { Listing, RowTable } from '../parts/listing.tsx';
import { Moment } from '../parts/moment.tsx';
import { Page } from '../parts/page.tsx';
import { usePages } from '../parts/use-pages.ts';
import { strings } from '../strings.ts';

const words = strings.tokens;
/** More rows are shown on request, so that the page stays quick with thousands of tokens. */
const ROWS = 100;

const loadTokens = async (after?: string) => {
  const { tokens: items, next } = await listTokens(after);
  return { items, next };
};

/** The tokens that the caller may see, with a search, as trees of what was derived from what. */
export function Tokens({ mayWrite }: { readonly mayWrite: boolean }) {
  const { value, error, isLoading, reload, more } = usePages(loadTokens);
  const [search, setSearch] = useState('');
  const [state, setState] = useState<TokenState | 'all'>('active');
  const [rows, setRows] = useState(ROWS);
  const id = useId();

  const found = toTree((value?.items ?? []).filter((token) => matches(token, search, state)));
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        mayWrite && (
          <Link to="/tokens/new" class="button">
            {words.create}
          </Link>
        )
      }
    >
      <div class="inline">
        <div class="field grow">
          <label for={`${id}-search`}>{words.search}</label>
          <input
            id={`${id}-search`}
            type="search"
            value={search}
            spellcheck={false}
            onInput={({ currentTarget }) => setSearch(currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={`${id}-state`}>{words.columns.state}</label>
          <select
            id={`${id}-state`}
            value={state}
            onChange={({ currentTarget }) => setState(currentTarget.value as TokenState | 'all')}
          >
            {(['active', 'expired', 'revoked', 'all'] as const).map((one) => (
              <option key={one} value={one}>
                {words.states[one]}
              </option>
            ))}
          </select>
        </div>
      </div>
      <Listing value={value} error={error} onRetry={() => void (value === undefined ? reload() : more())}>
        {({ next }) => (
          <>
            <p role="status" class="hint">
              {words.count(found.length, next !== undefined)}
            </p>
            {found.length > 0 && <TokenTable nodes={found.slice(0, rows)} />}
            <div class="actions">
              {found.length > rows && (
                <button type="button" onClick={() => setRows(rows + ROWS)}>
                  {words.more}
                </button>
              )}
              {next !== undefined && (
                <button type="button" disabled={isLoading} onClick={() => void more()}>
                  {words.loadMore}
                </button>
              )}
            </div>
          </>
        )}
      </Listing>
    </Page>
  );
}

function matches(token: Token, search: string, state: TokenState | 'all'): boolean {
  if (state !== 'all' && stateOf(token) !== state) return false;
  const texts = [
    token.id,
    token.name,
    token.owner,
    token.project ?? '',
    token.kind,
    token.notes ?? '',
    token.stub ?? '',
  ];
  const all = texts.join(' ').toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

export function TokenTable({ nodes }: { readonly nodes: readonly TokenNode[] }) {
  const { columns } = words;
  return (
    <RowTable columns={Object.values(columns)}>
      {nodes.map(({ token, depth }) => (
        <tr key={token.id}>
          <th scope="row" data-label={columns.name} class={`depth-${Math.min(depth, 4)}`}>
            <span>
              {depth > 0 && <span class="hint">{words.derived} </span>}
              <Link to={`/tokens/${token.id}`}>{visibleLine(token.name)}</Link>
            </span>
          </th>
          <td data-label={columns.kind}>
            {words.kinds[token.kind as keyof typeof words.kinds] ?? visibleLine(token.kind)}
          </td>
          <td data-label={columns.owner}>
            {visibleLine(token.project === undefined ? token.owner : `${token.owner} / ${token.project}`)}
          </td>
          <td data-label={columns.used}>
            {token.lastUsedAt === undefined ? words.never : <Moment time={token.lastUsedAt} relative />}
          </td>
          <td data-label={columns.expires}>
            {token.expiresAt === undefined ? words.never : <Moment time={token.expiresAt} relative />}
          </td>
          <td data-label={columns.state}>
            <span class={`state state-${stateOf(token)}`}>{words.states[stateOf(token)]}</span>
          </td>
        </tr>
      ))}
    </RowTable>
  );
}
