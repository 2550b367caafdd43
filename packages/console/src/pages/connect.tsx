import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useCallback, useId, useState } from 'preact/hooks';
import {
  type Authorization,
  answerAuthorization,
  type Chosen,
  type OfferedServer,
  readAuthorization,
} from '../api/authorization.ts';
import { Check } from '../parts/check.tsx';
import { describeTool } from '../parts/describe-tool.ts';
import { Failure, Notice } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { strings } from '../strings.ts';

const words = strings.connect;
const DAYS = Object.keys(words.dayCounts).map(Number) as (keyof typeof words.dayCounts)[];
const USUAL_DAYS = 30;

/** Asks a person whether a client of `/mcp` may come in, and what it may use. */
export function Connect({ query }: { readonly query: string }) {
  const { value, error, reload } = useLoaded(useCallback(() => readAuthorization(query), [query]));
  return (
    <Page title={words.title}>
      {error !== undefined && <Failure error={error} onRetry={() => void reload()} />}
      {value === undefined && error === undefined && <p role="status">{words.loading}</p>}
      {value !== undefined && <Question asked={value} query={query} />}
    </Page>
  );
}

function Question({ asked, query }: { readonly asked: Authorization; readonly query: string }) {
  const [ticked, setTicked] = useState<ReadonlySet<string>>(() => new Set(asked.servers.flatMap(keysOf)));
  const [days, setDays] = useState(USUAL_DAYS);
  const [error, setError] = useState<unknown>();
  const [state, setState] = useState<'asking' | 'busy' | 'done'>('asking');
  const daysId = useId();
  const { client, redirect, token, servers } = asked;
  const chosen = chosenOf(servers, ticked);

  const answer = async (given: Parameters<typeof answerAuthorization>[1]): Promise<void> => {
    setState('busy');
    setError(undefined);
    try {
      const target = await answerAuthorization(query, given);
      setState('done');
      location.replace(target);
    } catch (cause) {
      setError(cause);
      setState('asking');
    }
  };
  const turn = (keys: readonly string[], isOn: boolean): void =>
    setTicked((before) => new Set(isOn ? [...before, ...keys] : [...before].filter((key) => !keys.includes(key))));

  if (state === 'done') return <Notice>{words.done}</Notice>;
  return (
    <>
      {error !== undefined && <Failure error={error} />}
      <p>{visibleLine(words.asks(client.name))}</p>
      <p>{visibleLine(client.host === null ? words.registered : words.fromHost(client.host))}</p>
      <p>
        <strong>{visibleLine(words.sendsTo[redirect.kind](redirect.place))}</strong>
      </p>
      <p>{visibleLine(words.as(token.name, token.owner))}</p>
      {servers.length === 0 ? <p>{words.nothing}</p> : <p>{words.may}</p>}
      {servers.map((server) => (
        <fieldset key={server.id}>
          <legend>{visibleLine(words.server(server.label))}</legend>
          {server.tools === null ? (
            <Check
              label={words.unlisted}
              checked={ticked.has(keyOf(server, '*'))}
              onChange={(isOn) => turn([keyOf(server, '*')], isOn)}
            />
          ) : (
            server.tools.map((tool) => (
              <Check
                key={tool.name}
                label={visibleLine(tool.name)}
                hint={describeTool(tool)}
                checked={ticked.has(keyOf(server, tool.name))}
                onChange={(isOn) => turn([keyOf(server, tool.name)], isOn)}
              />
            ))
          )}
        </fieldset>
      ))}
      <p>{words.limits}</p>
      <div class="field">
        <label for={daysId}>{words.days}</label>
        <select id={daysId} value={String(days)} onChange={({ currentTarget }) => setDays(Number(currentTarget.value))}>
          {DAYS.map((count) => (
            <option key={count} value={String(count)}>
              {words.dayCounts[count]}
            </option>
          ))}
        </select>
      </div>
      {token.expiresAt !== null && <p class="hint">{words.ends(token.expiresAt)}</p>}
      {chosen.length === 0 && servers.length > 0 && <p class="field-error">{words.chooseOne}</p>}
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={state === 'busy' || chosen.length === 0}
          onClick={() => void answer({ allow: true, servers: chosen, days })}
        >
          {state === 'busy' ? words.busy : words.allow}
        </button>
        <button type="button" disabled={state === 'busy'} onClick={() => void answer({ allow: false })}>
          {words.deny}
        </button>
      </div>
    </>
  );
}

const keyOf = ({ id }: Pick<OfferedServer, 'id'>, tool: string): string => JSON.stringify([id, tool]);

/** What is ticked at first: the tools that the reader sees, and nothing of a server that cannot list them. */
const keysOf = (server: OfferedServer): readonly string[] =>
  (server.tools ?? []).map(({ name }) => keyOf(server, name));

const chosenOf = (servers: readonly OfferedServer[], ticked: ReadonlySet<string>): Chosen =>
  servers.flatMap((server) => {
    const offered = server.tools === null ? ['*'] : server.tools.map(({ name }) => name);
    const tools = offered.filter((tool) => ticked.has(keyOf(server, tool)));
    return tools.length === 0 ? [] : [{ id: server.id, tools }];
  });
