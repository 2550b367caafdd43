import { visibleLine } from '@latchkey/mcp-bridge/visible-text';
import { useId } from 'preact/hooks';
import { strings } from '../strings.ts';
import { type Arguments, differences } from './differences.ts';

/** A text, and the arguments that it says; undefined while it does not say any. */
export interface EditedArguments {
  readonly text: string;
  readonly value: Arguments | undefined;
}

interface ArgumentsEditorProps {
  readonly original: Arguments;
  readonly edited: EditedArguments;
  readonly onChange: (edited: EditedArguments) => void;
}

const words = strings.approvals;

/** The arguments as JSON to be changed, and what has changed. */
export function ArgumentsEditor({ original, edited, onChange }: ArgumentsEditorProps) {
  const id = useId();
  const changes = edited.value === undefined ? [] : differences(original, edited.value);
  return (
    <div class="editor">
      <label for={id}>{words.editLabel}</label>
      <textarea
        id={id}
        rows={Math.min(16, edited.text.split('\n').length + 1)}
        spellcheck={false}
        value={edited.text}
        aria-invalid={edited.value === undefined}
        aria-describedby={`${id}-changes`}
        onInput={({ currentTarget: { value: text } }) => onChange({ text, value: readArguments(text) })}
      />
      <div id={`${id}-changes`}>
        {edited.value === undefined && <p class="field-error">{words.notJson}</p>}
        {edited.value !== undefined && changes.length === 0 && <p class="hint">{words.unchanged}</p>}
        {changes.length > 0 && (
          <ul class="changes">
            {changes.map(({ name, before, after }) => (
              <li key={name}>
                <code>{visibleLine(name)}</code>: {before === undefined ? words.added : <del>{before}</del>}{' '}
                {after === undefined ? words.removed : <ins>{after}</ins>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

function readArguments(text: string): Arguments | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
