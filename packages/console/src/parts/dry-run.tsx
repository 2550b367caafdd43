import { visibleText } from '@latchkey/mcp-bridge/visible-text';
import { useId, useState } from 'preact/hooks';
import { ACTION_GROUPS } from '../api/grant-fields.ts';
import { can, type Grant, type Question, type Verdict } from '../api/tokens.ts';
import { strings } from '../strings.ts';
import { Failure } from './notice.tsx';

const words = strings.dryRun;

/** Asks the server what a grant would decide. Nothing is carried out. */
export function DryRun({ grant }: { readonly grant: Grant }) {
  const id = useId();
  const [action, setAction] = useState('chat');
  const [model, setModel] = useState('');
  const [server, setServer] = useState('');
  const [tool, setTool] = useState('');
  const [args, setArgs] = useState('');
  const [verdict, setVerdict] = useState<Verdict>();
  const [error, setError] = useState<unknown>();
  const [isWrong, setWrong] = useState(false);

  const ask = async (event: Event): Promise<void> => {
    event.preventDefault();
    setVerdict(undefined);
    setError(undefined);
    const values = readArguments(args);
    setWrong(values === null);
    if (values === null) return;
    const question: Question = {
      action,
      grant,
      ...(model === '' ? {} : { model }),
      ...(server === ''
        ? {}
        : { tool: { server, ...(tool === '' ? {} : { name: tool }), ...(values && { arguments: values }) } }),
    };
    try {
      setVerdict(await can(question));
    } catch (cause) {
      setError(cause);
    }
  };
  const text = (name: string, label: string, value: string, set: (value: string) => void, placeholder: string) => (
    <div class="field">
      <label for={`${id}-${name}`}>{label}</label>
      <input
        id={`${id}-${name}`}
        value={value}
        placeholder={placeholder}
        spellcheck={false}
        onInput={({ currentTarget }) => set(currentTarget.value.trim())}
      />
    </div>
  );
  return (
    <form class="card" onSubmit={(event) => void ask(event)} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{words.title}</h2>
      <p class="hint">{words.hint}</p>
      <div class="inline">
        <div class="field">
          <label for={`${id}-action`}>{words.action}</label>
          <select id={`${id}-action`} value={action} onChange={({ currentTarget }) => setAction(currentTarget.value)}>
            {Object.values(ACTION_GROUPS)
              .flat()
              .map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
          </select>
        </div>
        {text('model', words.model, model, setModel, 'ibm/granite')}
        {text('server', words.server, server, setServer, 'mcp/files')}
        {text('tool', words.tool, tool, setTool, 'write_file')}
      </div>
      <div class="field">
        <label for={`${id}-arguments`}>{words.arguments}</label>
        <textarea
          id={`${id}-arguments`}
          rows={2}
          spellcheck={false}
          placeholder='{"path": "/srv/docs/notes.txt"}'
          aria-invalid={isWrong}
          value={args}
          onInput={({ currentTarget }) => setArgs(currentTarget.value)}
        />
        {isWrong && <p class="field-error">{strings.approvals.notJson}</p>}
      </div>
      <div class="actions">
        <button type="submit">{words.submit}</button>
      </div>
      <div role="status">
        {verdict !== undefined && (
          <p class={verdict.allowed ? 'verdict yes' : 'verdict no'}>
            {verdict.allowed
              ? verdict.approval
                ? words.withApproval
                : words.yes
              : visibleText(`${words.no} ${verdict.message ?? ''}`)}
          </p>
        )}
      </div>
      {error !== undefined && <Failure error={error} />}
    </form>
  );
}

/** Undefined for an empty text, null for one that is not a JSON object. */
function readArguments(text: string): Readonly<Record<string, unknown>> | null | undefined {
  if (text.trim() === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
