import { useEffect, useId, useRef, useState } from 'preact/hooks';
import {
  ACTION_GROUPS,
  fromLines,
  LIMITS,
  limitsOf,
  type ToolRow,
  textsOf,
  toLines,
  toolRows,
  withField,
  withLimit,
  withToolRows,
} from '../api/grant-fields.ts';
import type { Grant } from '../api/tokens.ts';
import { strings } from '../strings.ts';
import { Check } from './check.tsx';
import { describeGrant, limitLabel } from './describe-grant.ts';
import { writeJson } from './write-json.ts';

const words = strings.grant;

interface GrantEditorProps {
  readonly grant: Grant;
  /** With undefined while the JSON is not an object. */
  readonly onChange: (grant: Grant | undefined) => void;
}

/** A grant as a form and as JSON, side by side. Each follows the other; what the form does not know stays. */
export function GrantEditor({ grant, onChange }: GrantEditorProps) {
  return (
    <div class="grant-editor">
      <div class="stack">
        <Actions grant={grant} onChange={onChange} />
        <Lines grant={grant} field="models" onChange={onChange} />
        <Tools grant={grant} onChange={onChange} />
        <Limits grant={grant} onChange={onChange} />
        <Lines grant={grant} field="networks" onChange={onChange} />
        <Lines grant={grant} field="projects" onChange={onChange} />
      </div>
      <div class="stack">
        <section class="card" aria-label={words.sentences}>
          <h2>{words.sentences}</h2>
          <GrantSentences grant={grant} />
        </section>
        <JsonField grant={grant} onChange={onChange} />
      </div>
    </div>
  );
}

export function GrantSentences({ grant }: { readonly grant: Grant }) {
  return (
    <ul class="reasons">
      {describeGrant(grant).map((sentence) => (
        <li key={sentence}>{sentence}</li>
      ))}
    </ul>
  );
}

function Actions({ grant, onChange }: GrantEditorProps) {
  const actions = textsOf(grant.actions);
  const isAll = actions.includes('*');
  const toggle = (action: string, isOn: boolean): void => {
    const others = actions.filter((one) => one !== action);
    onChange(withField(grant, 'actions', isOn ? [...others, action] : others));
  };
  return (
    <fieldset>
      <legend>{words.actionsLegend}</legend>
      <Check
        label={words.all}
        checked={isAll}
        onChange={(isOn) => onChange(withField(grant, 'actions', isOn ? ['*'] : []))}
      />
      {Object.entries(ACTION_GROUPS).map(([group, ofGroup]) => (
        <div key={group} class="checks">
          {ofGroup.map((action) => (
            <Check
              key={action}
              label={action}
              hint={words.actionHints[action]}
              checked={isAll || actions.includes(action)}
              disabled={isAll}
              onChange={(isOn) => toggle(action, isOn)}
            />
          ))}
        </div>
      ))}
    </fieldset>
  );
}

/** A field with one entry a line. What is typed stays as it is, with its empty lines, until it is changed elsewhere. */
function Lines({ grant, field, onChange }: GrantEditorProps & { readonly field: 'models' | 'networks' | 'projects' }) {
  const id = useId();
  const values = toLines(textsOf(grant[field]));
  const [text, setText] = useState(values);
  useEffect(() => {
    setText((before) => (toLines(fromLines(before) ?? []) === values ? before : values));
  }, [values]);
  const { label, hint } = words.lines[field];
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={Math.max(2, text.split('\n').length)}
        spellcheck={false}
        aria-describedby={`${id}-hint`}
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          onChange(withField(grant, field, fromLines(currentTarget.value)));
        }}
      />
      <p id={`${id}-hint`} class="hint">
        {hint}
      </p>
    </div>
  );
}

function Tools({ grant, onChange }: GrantEditorProps) {
  const rows = toolRows(grant);
  const [server, setServer] = useState('');
  const [tool, setTool] = useState('');
  const id = useId();
  const change = (next: readonly ToolRow[]): void => onChange(withToolRows(grant, next));
  const add = (): void => {
    change([...rows, { server: server.trim(), tool: tool.trim() === '' ? '*' : tool.trim(), rule: {} }]);
    setTool('');
  };
  return (
    <fieldset>
      <legend>{words.toolsLegend}</legend>
      <ul class="plain">
        {rows.map(({ server: of, tool: name, rule }, at) => (
          <li key={`${of} ${name}`} class="tool-row">
            <span>
              <code>{of}</code> <code>{name}</code>
              {rule.arguments !== undefined && <span class="hint"> {words.conditions}</span>}
            </span>
            <Check
              label={words.askPerson}
              checked={rule.approval === 'ask'}
              onChange={(isOn) => {
                const { approval: _, ...others } = rule;
                change(rows.with(at, { server: of, tool: name, rule: isOn ? { ...others, approval: 'ask' } : others }));
              }}
            />
            <button
              type="button"
              aria-label={words.removeTool(name, of)}
              onClick={() => change(rows.filter((_, index) => index !== at))}
            >
              {words.remove}
            </button>
          </li>
        ))}
      </ul>
      <div class="inline">
        <div class="field">
          <label for={`${id}-server`}>{words.server}</label>
          <input
            id={`${id}-server`}
            value={server}
            placeholder="mcp/files"
            spellcheck={false}
            onInput={({ currentTarget }) => setServer(currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={`${id}-tool`}>{words.toolName}</label>
          <input
            id={`${id}-tool`}
            value={tool}
            placeholder="read_*"
            spellcheck={false}
            onInput={({ currentTarget }) => setTool(currentTarget.value)}
          />
        </div>
        <button type="button" disabled={server.trim() === ''} onClick={add}>
          {words.addTool}
        </button>
      </div>
      <p class="hint">{words.toolsHint}</p>
    </fieldset>
  );
}

function Limits({ grant, onChange }: GrantEditorProps) {
  const id = useId();
  const limits = limitsOf(grant);
  return (
    <fieldset>
      <legend>{words.limitsLegend}</legend>
      <div class="numbers">
        {LIMITS.map((name) => (
          <div key={name} class="field">
            <label for={`${id}-${name}`}>{limitLabel(name)}</label>
            <input
              id={`${id}-${name}`}
              type="number"
              min="0"
              step="any"
              inputMode="numeric"
              value={typeof limits[name] === 'number' ? limits[name] : ''}
              onInput={({ currentTarget: { value } }) =>
                onChange(withLimit(grant, name, value === '' ? undefined : Number(value)))
              }
            />
          </div>
        ))}
      </div>
    </fieldset>
  );
}

/** The grant as JSON. While it is typed in, it is not replaced by what the form makes of it. */
function JsonField({ grant, onChange }: GrantEditorProps) {
  const id = useId();
  const written = writeJson(grant);
  const [text, setText] = useState(written);
  const [isWrong, setWrong] = useState(false);
  const typed = useRef(written);
  useEffect(() => {
    if (typed.current === written) return;
    typed.current = written;
    setText(written);
    setWrong(false);
  }, [written]);

  const change = (next: string): void => {
    setText(next);
    const value = readObject(next);
    setWrong(value === undefined);
    if (value !== undefined) typed.current = writeJson(value);
    onChange(value);
  };
  return (
    <div class="field">
      <label for={id}>{words.json}</label>
      <textarea
        id={id}
        rows={Math.min(30, Math.max(8, text.split('\n').length + 1))}
        spellcheck={false}
        aria-invalid={isWrong}
        aria-describedby={isWrong ? `${id}-wrong` : undefined}
        value={text}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      {isWrong && (
        <p id={`${id}-wrong`} class="field-error">
          {strings.approvals.notJson}
        </p>
      )}
    </div>
  );
}

function readObject(text: string): Grant | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
