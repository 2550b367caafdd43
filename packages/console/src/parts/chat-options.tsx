import { useId } from 'preact/hooks';
import type { ChatBody } from '../api/chat.ts';
import { strings } from '../strings.ts';

const words = strings.playground;

/** What the form of the options has; empty texts are left to the server. */
export interface ChatOptions {
  readonly system: string;
  readonly temperature: string;
  readonly maxTokens: string;
  readonly reasoning: string;
}

export const NO_OPTIONS: ChatOptions = { system: '', temperature: '', maxTokens: '', reasoning: '' };

/** The options as fields of a chat. The server says what is wrong with them. */
export const fieldsOf = ({ system, temperature, maxTokens, reasoning }: ChatOptions): Partial<ChatBody> => ({
  ...(system.trim() === '' ? {} : { system_prompt: system }),
  ...(temperature === '' ? {} : { temperature: Number(temperature) }),
  ...(maxTokens === '' ? {} : { max_output_tokens: Number(maxTokens) }),
  ...(reasoning === '' ? {} : { reasoning }),
});

interface ChatOptionsProps {
  readonly options: ChatOptions;
  readonly onChange: (options: ChatOptions) => void;
}

/** What is asked of a model besides the message. */
export function ChatOptionsForm({ options, onChange }: ChatOptionsProps) {
  const id = useId();
  const number = (name: 'temperature' | 'maxTokens', label: string, step: string, max?: string) => (
    <div class="field">
      <label for={`${id}-${name}`}>{label}</label>
      <input
        id={`${id}-${name}`}
        type="number"
        min="0"
        max={max}
        step={step}
        value={options[name]}
        onInput={({ currentTarget }) => onChange({ ...options, [name]: currentTarget.value })}
      />
    </div>
  );
  return (
    <details>
      <summary>{words.options}</summary>
      <div class="stack">
        <div class="field">
          <label for={`${id}-system`}>{words.system}</label>
          <textarea
            id={`${id}-system`}
            rows={2}
            value={options.system}
            onInput={({ currentTarget }) => onChange({ ...options, system: currentTarget.value })}
          />
        </div>
        <div class="numbers">
          {number('temperature', words.temperature, '0.1', '1')}
          {number('maxTokens', words.maxTokens, '1')}
          <div class="field">
            <label for={`${id}-reasoning`}>{words.reasoning}</label>
            <select
              id={`${id}-reasoning`}
              value={options.reasoning}
              onChange={({ currentTarget }) => onChange({ ...options, reasoning: currentTarget.value })}
            >
              <option value="">{words.asModel}</option>
              {words.efforts.map((effort) => (
                <option key={effort} value={effort}>
                  {effort}
                </option>
              ))}
            </select>
          </div>
        </div>
      </div>
    </details>
  );
}
