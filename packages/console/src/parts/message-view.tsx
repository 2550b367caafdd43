import { visibleLine, visibleText } from '@latchkey/mcp-bridge/visible-text';
import type { Message, Part } from '../api/conversations.ts';
import { strings } from '../strings.ts';
import { Code } from './code.tsx';

const words = strings.conversation;
/** Images as the server stores them. Of the types, none can run scripts. */
const IMAGE = /^data:image\/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/;

/** One message. Everything in it is text, whatever it looks like: a model and a tool write what they want. */
export function MessageView({ message }: { readonly message: Message }) {
  const { role, content, reasoning, tool_calls: calls = [], name = '' } = message;
  const parts: readonly Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return (
    <li class={`message message-${role}`}>
      <h2>{role === 'tool' ? words.result(visibleLine(name)) : words.roles[role]}</h2>
      {reasoning !== undefined && (
        <details>
          <summary>{words.reasoning}</summary>
          <p class="text">{visibleText(reasoning)}</p>
        </details>
      )}
      {parts.map((part, at) => (
        <PartView key={at} part={part} />
      ))}
      {calls.map((call) => (
        <details key={call.id} open>
          <summary>{words.call(visibleLine(call.name))}</summary>
          <Code value={call.arguments} label={words.call(visibleLine(call.name))} />
        </details>
      ))}
    </li>
  );
}

function PartView({ part }: { readonly part: Part }) {
  if (part.type === 'text') return part.text === '' ? null : <p class="text">{visibleText(part.text)}</p>;
  if (!IMAGE.test(part.data_url)) return <p class="hint">{words.unsafeImage}</p>;
  return <img src={part.data_url} alt={words.image} />;
}
