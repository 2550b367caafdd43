import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useCallback, useId, useState } from 'preact/hooks';
import type { Integration } from '../api/chat.ts';
import { listServers, type McpServer } from '../api/mcp-servers.ts';
import { strings } from '../strings.ts';
import { Check } from './check.tsx';
import { Listing } from './listing.tsx';
import { useLoaded } from './use-loaded.ts';

const words = strings.playground;

interface ToolPickerProps {
  readonly chosen: readonly Integration[];
  readonly onChange: (chosen: readonly Integration[]) => void;
}

const idOf = (one: Integration): string => (typeof one === 'string' ? one : one.id);

/** The MCP servers of a chat, and which of their tools it may use. */
export function ToolPicker({ chosen, onChange }: ToolPickerProps) {
  const [starts, setStarts] = useState(false);
  const { value, error, reload } = useLoaded(useCallback(() => listServers(starts), [starts]));
  const set = (id: string, next: Integration | undefined): void => {
    const others = chosen.filter((one) => idOf(one) !== id);
    onChange(next === undefined ? others : [...others, next]);
  };
  return (
    <fieldset>
      <legend>{words.tools}</legend>
      <Listing value={value?.servers} error={error} onRetry={() => void reload()} empty={words.noServers}>
        {(servers) => (
          <div class="stack">
            {servers.map((server) => (
              <ServerChoice
                key={server.id}
                server={server}
                chosen={chosen.find((one) => idOf(one) === server.id)}
                onChange={(next) => set(server.id, next)}
              />
            ))}
            {servers.some(({ tools }) => tools === null) && (
              <button type="button" onClick={() => (starts ? void reload() : setStarts(true))}>
                {words.start}
              </button>
            )}
          </div>
        )}
      </Listing>
    </fieldset>
  );
}

interface ServerChoiceProps {
  readonly server: McpServer;
  readonly chosen: Integration | undefined;
  readonly onChange: (next: Integration | undefined) => void;
}

function ServerChoice({ server: { id, tools }, chosen, onChange }: ServerChoiceProps) {
  const names = (tools ?? []).map(({ name }) => name);
  const allowed = typeof chosen === 'object' ? chosen.allowed_tools : names;
  const allow = (name: string, isOn: boolean): void => {
    const next = names.filter((one) => (one === name ? isOn : allowed.includes(one)));
    if (next.length === names.length) onChange(id);
    else onChange(next.length === 0 ? undefined : { type: 'plugin', id, allowed_tools: next });
  };
  return (
    <div>
      <Check
        label={visibleLine(id)}
        {...(tools === null ? { hint: words.notRunning } : {})}
        checked={chosen !== undefined}
        onChange={(isOn) => onChange(isOn ? id : undefined)}
      />
      {chosen !== undefined && names.length > 0 && (
        <details>
          <summary>{visibleLine(words.toolsOf(id))}</summary>
          <div class="checks">
            {names.map((name) => (
              <Check
                key={name}
                label={visibleLine(name)}
                checked={allowed.includes(name)}
                onChange={(isOn) => allow(name, isOn)}
              />
            ))}
          </div>
        </details>
      )}
    </div>
  );
}

/** For a caller that may not list the servers: those that its grants name, and others by their names. */
export function ServerNames({ known, chosen, onChange }: ToolPickerProps & { readonly known: readonly string[] }) {
  const field = useId();
  const [name, setName] = useState('');
  const [added, setAdded] = useState<readonly string[]>([]);
  const names = [...new Set([...known, ...added])];
  const turn = (id: string, isOn: boolean): void => {
    const others = chosen.filter((one) => idOf(one) !== id);
    onChange(isOn ? [...others, id] : others);
  };
  return (
    <fieldset>
      <legend>{words.tools}</legend>
      <div class="checks">
        {names.map((id) => (
          <Check
            key={id}
            label={visibleLine(id)}
            checked={chosen.some((one) => idOf(one) === id)}
            onChange={(isOn) => turn(id, isOn)}
          />
        ))}
      </div>
      <div class="inline">
        <div class="field">
          <label for={field}>{words.otherServer}</label>
          <input
            id={field}
            value={name}
            placeholder="mcp/files"
            spellcheck={false}
            onInput={({ currentTarget }) => setName(currentTarget.value.trim())}
          />
        </div>
        <button
          type="button"
          disabled={name === ''}
          onClick={() => {
            setAdded([...added, name]);
            turn(name, true);
            setName('');
          }}
        >
          {words.add}
        </button>
      </div>
      <p class="hint">{words.otherHint}</p>
    </fieldset>
  );
}
