import { visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import { useCallback, useEffect, useId, useRef, useState } from 'preact/hooks';
import { type ChatBody, type Integration, streamChat, toCurl } from '../api/chat.ts';
import { type Identity, mayDo } from '../api/identity.ts';
import { listModels } from '../api/models.ts';
import { type Answer, NO_ANSWER, withEvent } from '../api/transcript.ts';
import { AnswerView } from '../parts/answer-view.tsx';
import { ChatOptionsForm, fieldsOf, NO_OPTIONS } from '../parts/chat-options.tsx';
import { Copyable } from '../parts/copyable.tsx';
import { Listing } from '../parts/listing.tsx';
import { Failure } from '../parts/notice.tsx';
import { Page } from '../parts/page.tsx';
import { ServerNames, ToolPicker } from '../parts/tool-picker.tsx';
import { useLoaded } from '../parts/use-loaded.ts';
import { writeJson } from '../parts/write-json.ts';
import { strings } from '../strings.ts';

const words = strings.playground;

/** A request and its answer. */
interface Turn {
  readonly body: ChatBody;
  readonly answer: Answer;
  readonly state: 'running' | 'ended' | 'stopped' | 'broken';
  /** Why it was refused. */
  readonly failure?: unknown;
}

/** A chat with a model and tools, as the signed-in token. Leaving the page stops what runs. */
export function Playground({ identity }: { readonly identity: Identity }) {
  const id = useId();
  const [model, setModel] = useState('');
  const [integrations, setIntegrations] = useState<readonly Integration[]>([]);
  const [options, setOptions] = useState(NO_OPTIONS);
  const [text, setText] = useState('');
  const { turns, start, stop, clear } = useChat();
  const isRunning = turns.at(-1)?.state === 'running';
  const isReady = !isRunning && model !== '' && text.trim() !== '';

  const send = (event?: Event): void => {
    event?.preventDefault();
    if (!isReady) return;
    const previous = turns.findLast(({ answer }) => answer.responseId !== undefined)?.answer.responseId;
    start({
      model,
      input: text,
      stream: true,
      ...fieldsOf(options),
      ...(integrations.length === 0 ? {} : { integrations }),
      ...(previous === undefined ? {} : { previous_response_id: previous }),
    });
    setText('');
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        turns.length > 0 && (
          <button type="button" onClick={clear}>
            {words.fresh}
          </button>
        )
      }
    >
      <div class="inline">
        <ModelField mayList={mayDo(identity, 'models:read')} model={model} onChange={setModel} />
      </div>
      {mayDo(identity, 'mcp:read') ? (
        <ToolPicker chosen={integrations} onChange={setIntegrations} />
      ) : (
        <ServerNames known={serversOf(identity)} chosen={integrations} onChange={setIntegrations} />
      )}
      <ChatOptionsForm options={options} onChange={setOptions} />
      {turns.length === 0 ? (
        <p class="empty">{words.empty}</p>
      ) : (
        <div role="log" aria-label={words.transcript} aria-busy={isRunning}>
          <ol class="messages">
            {turns.map((turn, at) => (
              <TurnView key={at} turn={turn} mayDecide={mayDo(identity, 'approvals:decide')} />
            ))}
          </ol>
        </div>
      )}
      <form class="card" onSubmit={send}>
        <div class="field">
          <label for={`${id}-text`}>{words.message}</label>
          <textarea
            id={`${id}-text`}
            rows={3}
            value={text}
            aria-describedby={`${id}-hint`}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
            onKeyDown={onKey}
          />
          <p id={`${id}-hint`} class="hint">
            {words.messageHint}
          </p>
        </div>
        <div class="actions">
          <button type="submit" class="primary" disabled={!isReady}>
            {words.send}
          </button>
          {isRunning && (
            <button type="button" class="danger" onClick={stop}>
              {words.stop}
            </button>
          )}
        </div>
      </form>
    </Page>
  );
}

/** The turns of a chat, of which the last one may run. */
function useChat() {
  const [turns, setTurns] = useState<readonly Turn[]>([]);
  const running = useRef<AbortController | undefined>(undefined);
  const stop = useCallback(() => running.current?.abort(), []);
  useEffect(() => stop, [stop]);

  const start = (body: ChatBody): void => {
    const stopped = new AbortController();
    running.current = stopped;
    setTurns((before) => [...before, { body, answer: NO_ANSWER, state: 'running' }]);
    // A chat that was cleared is not changed by what still comes of it.
    const change = (next: (turn: Turn) => Turn): void => {
      if (running.current !== stopped) return;
      setTurns((before) => {
        const last = before.at(-1);
        return last === undefined ? before : before.with(-1, next(last));
      });
    };
    const run = async (): Promise<void> => {
      let state: Turn['state'] = 'broken';
      try {
        for await (const event of streamChat(body, stopped.signal)) {
          if (event.type === 'chat.end') state = 'ended';
          change((turn) => ({ ...turn, answer: withEvent(turn.answer, event) }));
        }
        if (stopped.signal.aborted) state = 'stopped';
        change((turn) => ({ ...turn, state }));
      } catch (failure) {
        change((turn) =>
          stopped.signal.aborted ? { ...turn, state: 'stopped' } : { ...turn, state: 'ended', failure },
        );
      }
    };
    void run();
  };
  const clear = (): void => {
    stop();
    running.current = undefined;
    setTurns([]);
  };
  return { turns, start, stop, clear };
}

function TurnView({ turn, mayDecide }: { readonly turn: Turn; readonly mayDecide: boolean }) {
  const { body, answer, state, failure } = turn;
  return (
    <>
      <li class="message message-user">
        <h2>{strings.conversation.roles.user}</h2>
        <p class="text">{visibleText(body.input)}</p>
        <details>
          <summary>{words.curl}</summary>
          <Copyable label={words.curl} text={toCurl(location.origin, writeJson(body, 0))} />
          <p class="hint">{words.curlHint}</p>
        </details>
      </li>
      <li class="message message-assistant">
        <h2>{visibleLine(body.model)}</h2>
        <AnswerView answer={answer} isLive={state === 'running'} mayDecide={mayDecide} />
        {failure !== undefined && <Failure error={failure} />}
        {answer.error !== undefined && (
          <p class="notice notice-failure" role="alert">
            {visibleText(answer.error)}
          </p>
        )}
        {state === 'stopped' && <p class="hint">{words.stopped}</p>}
        {state === 'broken' && <p class="notice notice-warning">{words.broken}</p>}
      </li>
    </>
  );
}

interface ModelFieldProps {
  readonly mayList: boolean;
  readonly model: string;
  readonly onChange: (model: string) => void;
}

function ModelField({ mayList, model, onChange }: ModelFieldProps) {
  const id = useId();
  return (
    <div class="field grow">
      <label for={id}>{words.model}</label>
      {mayList ? (
        <ModelSelect id={id} model={model} onChange={onChange} />
      ) : (
        <>
          <input
            id={id}
            value={model}
            spellcheck={false}
            aria-describedby={`${id}-hint`}
            onInput={({ currentTarget }) => onChange(currentTarget.value.trim())}
          />
          <p id={`${id}-hint`} class="hint">
            {words.modelHint}
          </p>
        </>
      )}
    </div>
  );
}

const chatModels = async (): Promise<readonly string[]> => {
  const { models, aliases = {} } = await listModels();
  const keys = models.filter(({ type }) => type === 'llm').map(({ key }) => key);
  const names = Object.entries(aliases).flatMap(([name, key]) => (keys.includes(key) ? [name] : []));
  return [...keys, ...names];
};

function ModelSelect({ id, model, onChange }: Omit<ModelFieldProps, 'mayList'> & { readonly id: string }) {
  const { value, error, reload } = useLoaded(chatModels);
  const first = value?.[0];
  useEffect(() => {
    if (model === '' && first !== undefined) onChange(first);
  }, [model, first, onChange]);
  return (
    <Listing value={value} error={error} onRetry={() => void reload()} empty={words.noModels}>
      {(names) => (
        <select id={id} value={model} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          {names.map((name) => (
            <option key={name} value={name}>
              {visibleLine(name)}
            </option>
          ))}
        </select>
      )}
    </Listing>
  );
}

/** The servers that the caller's grants name. */
const serversOf = ({ authority }: Identity): readonly string[] => [
  ...new Set(
    authority.flatMap(({ grant: { mcp } }) =>
      typeof mcp === 'object' && mcp !== null ? Object.keys(mcp).filter((name) => !/[*?]/.test(name)) : [],
    ),
  ),
];
