import { useEffect, useRef } from 'preact/hooks';
import type { ShownToken } from '../api/tokens.ts';
import { strings } from '../strings.ts';
import { Copyable } from './copyable.tsx';

const words = strings.shownOnce;

/** A secret that is shown this once, with what to do with it. It is in this component and nowhere else. */
export function ShownOnce({ shown, onClose }: { readonly shown: ShownToken; readonly onClose: () => void }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { token, warnings = [] } = shown;
  return (
    <section class="card shown-once">
      <h2 ref={heading} tabIndex={-1}>
        {words.title(shown.name)}
      </h2>
      <p>{words.text}</p>
      <Copyable label={words.token} text={token} />
      {warnings.map(({ message }) => (
        <p key={message} class="notice notice-warning">
          {message}
        </p>
      ))}
      <h3>{words.use}</h3>
      {snippets(token, location.origin).map(({ name, text }) => (
        <details key={name}>
          <summary>{name}</summary>
          <Copyable label={name} text={text} />
        </details>
      ))}
      <div class="actions">
        <button type="button" class="primary" onClick={onClose}>
          {words.done}
        </button>
      </div>
    </section>
  );
}

const snippets = (token: string, origin: string) => [
  {
    name: 'curl',
    text: `curl ${origin}/v1/chat/completions \\
  -H "Authorization: Bearer ${token}" -H 'Content-Type: application/json' \\
  -d '{"model": "MODEL", "messages": [{"role": "user", "content": "Hello"}]}'`,
  },
  { name: 'OpenAI (environment)', text: `export OPENAI_BASE_URL=${origin}/v1\nexport OPENAI_API_KEY=${token}` },
  {
    name: 'Anthropic (environment)',
    text: `export ANTHROPIC_BASE_URL=${origin}\nexport ANTHROPIC_AUTH_TOKEN=${token}`,
  },
  { name: 'LM Studio (environment)', text: `export LM_API_TOKEN=${token}` },
  { name: 'latchkey', text: `export LATCHKEY_URL=${origin}\nexport LATCHKEY_API_TOKEN=${token}` },
];
