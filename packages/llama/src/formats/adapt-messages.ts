import type { PlainMessage } from './plain-message.ts';
import type { Enclosure } from './syntax/turn-syntax.ts';
import type { TemplateManners } from './template-manners.ts';

/** The placeholder for a message that a template requires but the conversation does not have. */
const NOTHING_SAID = '…';

type SystemMessage = Extract<PlainMessage, { role: 'system' }>;
type AssistantMessage = Extract<PlainMessage, { role: 'assistant' }>;

/** Puts a conversation into an order that the template accepts, without losing or inventing content. */
export function adaptMessages(messages: readonly PlainMessage[], manners: TemplateManners): PlainMessage[] {
  let adapted = joinLeadingSystem(messages);
  if (!manners.takesLaterSystem) adapted = laterSystemAsUser(adapted);
  if (!manners.takesSystem) adapted = adapted.map((message) => (message.role === 'system' ? asUser(message) : message));
  if (!manners.goesWithoutUser && !adapted.some(({ role }) => role === 'user')) adapted = withUser(adapted);
  if (!manners.beginsWithAssistant && adapted.find(({ role }) => role !== 'system')?.role !== 'user') {
    adapted = withUser(adapted);
  }
  if (!manners.takesNeighbours) adapted = joinNeighbours(adapted);
  return manners.takesUserAfterResult ? adapted : answerResults(adapted);
}

/** Inserts an assistant's message between a tool's result and a user's message. */
function answerResults(messages: readonly PlainMessage[]): PlainMessage[] {
  return messages.flatMap((message, index): PlainMessage[] => {
    const before = messages[index - 1];
    const open = before?.role === 'tool' || (before?.role === 'assistant' && calls(before));
    return message.role === 'user' && open ? [{ role: 'assistant', content: NOTHING_SAID }, message] : [message];
  });
}

function joinLeadingSystem(messages: readonly PlainMessage[]): PlainMessage[] {
  const count = messages.findIndex(({ role }) => role !== 'system');
  const leading = (count < 0 ? messages : messages.slice(0, count)) as readonly SystemMessage[];
  if (leading.length < 2) return [...messages];
  const content = leading.map((message) => message.content).join('\n\n');
  return [{ role: 'system', content }, ...messages.slice(leading.length)];
}

function laterSystemAsUser(messages: readonly PlainMessage[]): PlainMessage[] {
  return messages.map((message, index) => (index > 0 && message.role === 'system' ? asUser(message) : message));
}

function asUser({ content }: SystemMessage): PlainMessage {
  return { role: 'user', content: [{ type: 'text', text: content }] };
}

function withUser(messages: readonly PlainMessage[]): PlainMessage[] {
  const first = messages.findIndex(({ role }) => role !== 'system');
  const at = first < 0 ? messages.length : first;
  return [
    ...messages.slice(0, at),
    { role: 'user', content: [{ type: 'text', text: NOTHING_SAID }] },
    ...messages.slice(at),
  ];
}

/** Joins neighbouring messages of one role, for templates that require alternating roles. */
function joinNeighbours(messages: readonly PlainMessage[]): PlainMessage[] {
  const joined: PlainMessage[] = [];
  for (const message of messages) {
    const last = joined.at(-1);
    if (last?.role === 'user' && message.role === 'user') {
      joined[joined.length - 1] = {
        role: 'user',
        content: [...last.content, { type: 'text', text: '' }, ...message.content],
      };
    } else if (last?.role === 'assistant' && message.role === 'assistant' && !calls(last)) {
      joined[joined.length - 1] = joinAssistant(last, message);
    } else joined.push(message);
  }
  return joined;
}

function joinAssistant(first: AssistantMessage, second: AssistantMessage): AssistantMessage {
  const reasoning = [first.reasoning, second.reasoning].filter(Boolean).join('\n\n');
  return {
    ...second,
    content: [first.content, second.content].filter(Boolean).join('\n\n'),
    ...(reasoning === '' ? {} : { reasoning }),
  };
}

function calls(message: AssistantMessage): boolean {
  return (message.toolCalls?.length ?? 0) > 0;
}

/** Puts each call into a message of its own, followed by its result, for templates that accept only one per message. */
export function splitCalls(messages: readonly PlainMessage[]): PlainMessage[] {
  const split: PlainMessage[] = [];
  for (let at = 0; at < messages.length; at += 1) {
    const message = messages[at];
    if (message === undefined) break;
    if (message.role !== 'assistant' || (message.toolCalls?.length ?? 0) < 2) {
      split.push(message);
      continue;
    }
    const { toolCalls = [], ...rest } = message;
    const results: Extract<PlainMessage, { role: 'tool' }>[] = [];
    for (let next = messages[at + 1]; next?.role === 'tool'; next = messages[at + 1]) {
      results.push(next);
      at += 1;
    }
    for (const [index, call] of toolCalls.entries()) {
      split.push({ ...(index === 0 ? rest : { role: 'assistant' as const, content: '' }), toolCalls: [call] });
      split.push(...results.filter(({ toolCallId }) => toolCallId === call.id));
    }
    split.push(...results.filter(({ toolCallId }) => !toolCalls.some(({ id }) => id === toolCallId)));
  }
  return split;
}

/** Moves text beside calls into a message of its own, for templates that show only one of the two. */
export function splitSaid(messages: readonly PlainMessage[]): PlainMessage[] {
  return messages.flatMap((message): PlainMessage[] => {
    if (message.role !== 'assistant' || !calls(message) || message.content === '') return [message];
    return [
      { role: 'assistant', content: message.content },
      { ...message, content: '' },
    ];
  });
}

/** Moves a thought at the beginning of an answer, between its markers or before the closing one, to `reasoning`. */
export function splitThoughts(messages: readonly PlainMessage[], { open, close }: Enclosure): PlainMessage[] {
  return messages.map((message) => {
    if (message.role !== 'assistant') return message;
    const end = message.content.indexOf(close);
    const begin = message.content.trimStart();
    if (end < 0 || (begin.includes(open) && !begin.startsWith(open) && begin.indexOf(open) < begin.indexOf(close))) {
      return message;
    }
    const thought = message.content.slice(0, end).replace(open, '').trim();
    const reasoning = [message.reasoning, thought].filter(Boolean).join('\n\n');
    const content = message.content.slice(end + close.length).trimStart();
    return { ...message, content, ...(reasoning === '' ? {} : { reasoning }) };
  });
}
