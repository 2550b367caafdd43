import { visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import { useCallback, useState } from 'preact/hooks';
import { listServers, type McpServer, type ReviewedTool, readLogs, reviewPins } from '../api/mcp-servers.ts';
import { Code } from '../parts/code.tsx';
import { Listing } from '../parts/listing.tsx';
import { Failure } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { PinReview } from '../parts/pin-review.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { strings } from '../strings.ts';

const words = strings.mcp;

/** The MCP servers of the installation, with the tools that the token may call. */
export function McpServers({ mayApprove }: { readonly mayApprove: boolean }) {
  const [starts, setStarts] = useState(false);
  const { value, error, reload } = useLoaded(useCallback(() => listServers(starts), [starts]));
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <button type="button" onClick={() => (starts ? void reload() : setStarts(true))}>
          {words.start}
        </button>
      }
    >
      {value !== undefined && value.error !== null && <p class="notice notice-failure">{visibleText(value.error)}</p>}
      {value?.warnings.map((warning) => (
        <p key={warning} class="notice notice-warning">
          {visibleText(warning)}
        </p>
      ))}
      <Listing value={value?.servers} error={error} onRetry={() => void reload()} empty={words.empty}>
        {(servers) => (
          <ul class="cards-list">
            {servers.map((server) => (
              <ServerCard key={server.id} server={server} mayApprove={mayApprove} onChange={reload} />
            ))}
          </ul>
        )}
      </Listing>
    </Page>
  );
}

interface ServerCardProps {
  readonly server: McpServer;
  readonly mayApprove: boolean;
  readonly onChange: () => Promise<void>;
}

function ServerCard({ server, mayApprove, onChange }: ServerCardProps) {
  const { label, id, transport, state, error, description, warnings, tools, problems, pins, sandbox } = server;
  const [lines, setLines] = useState<readonly string[]>();
  const [reviewed, setReviewed] = useState<readonly ReviewedTool[]>();
  const [outcome, setOutcome] = useState<string>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const troubles = [...(error === null ? [] : [error]), ...warnings, ...(problems ?? [])];
  const held = pins?.held ?? [];

  const attempt = (act: () => Promise<void>) => (): void => {
    setFailure(undefined);
    setOutcome(undefined);
    setBusy(true);
    act()
      .catch(setFailure)
      .finally(() => setBusy(false));
  };
  const test = attempt(async () => {
    const found = await reviewPins(label);
    setOutcome(found === null ? words.notStarted : words.works(found.length));
    await onChange();
  });
  return (
    <li class="card">
      <h2>
        <code>{visibleLine(id)}</code> <span class="state">{state}</span> <span class="hint">{transport}</span>
      </h2>
      {description !== null && <p>{visibleText(description)}</p>}
      {sandbox !== null && (
        <p class="hint">
          {sandbox.layers.length === 0 ? words.noSandbox : words.sandbox(sandbox.layers.join(', '))}
          {sandbox.missing !== undefined && `. ${visibleText(words.sandboxMissing(sandbox.missing))}`}
        </p>
      )}
      {troubles.map((trouble) => (
        <p key={trouble} class="notice notice-warning">
          {visibleText(trouble)}
        </p>
      ))}
      {held.length > 0 && (
        <div class="notice notice-warning">
          <p>
            {visibleLine(
              words.held(held.map(({ name, state: why }) => `${name} (${words.pinStates[why]})`).join(', ')),
            )}
          </p>
          <button
            type="button"
            disabled={isBusy}
            aria-label={visibleLine(words.reviewOf(id))}
            onClick={attempt(async () => setReviewed((await reviewPins(label)) ?? []))}
          >
            {words.review}
          </button>
        </div>
      )}
      {reviewed !== undefined && (
        <PinReview
          label={label}
          tools={reviewed}
          mayApprove={mayApprove}
          onApproved={(names) => {
            setReviewed(undefined);
            setOutcome(visibleLine(words.approved(names.join(', '))));
            void onChange();
          }}
        />
      )}
      {tools === null ? (
        <p class="hint">{words.notRunning}</p>
      ) : (
        <details>
          <summary>{words.tools(tools.length)}</summary>
          <dl class="arguments">
            {tools.map((tool) => (
              <div key={tool.name}>
                <dt>
                  <code>{visibleLine(tool.name)}</code>
                </dt>
                <dd>{visibleText(tool.description ?? '')}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      <div class="actions">
        <button type="button" disabled={isBusy} aria-label={visibleLine(words.testOf(id))} onClick={test}>
          {words.test}
        </button>
        <button
          type="button"
          disabled={isBusy}
          aria-label={visibleLine(words.logsOf(id))}
          onClick={attempt(async () => setLines(await readLogs(label)))}
        >
          {words.logs}
        </button>
      </div>
      <div role="status">{outcome !== undefined && <p class="verdict yes">{outcome}</p>}</div>
      {failure !== undefined && <Failure error={failure} />}
      {lines !== undefined && (
        <Code value={lines.length === 0 ? words.noLogs : lines.join('\n')} label={visibleLine(words.logsOf(id))} />
      )}
    </li>
  );
}
