import { type ChatMessage, callsOf, type InputPart, textOf } from '@latchkey/engine';
import type { StoredTurn, TurnHead } from '../../contracts/conversation-store.ts';

const DAY_MILLISECONDS = 86_400_000;

/** A stored response without its content; `days` is how long one is kept that no newer one continues. */
export const renderTurnHead = (turn: TurnHead, days: number): object => ({
  id: turn.id,
  model: turn.model,
  project: turn.project,
  state: turn.state,
  created_at: turn.createdAt,
  expires_at: expiryOf(turn, days),
  previous_response_id: turn.parentId,
  ...(turn.waiting && { approval_id: turn.waiting.approvalId }),
});

/** Null for a response that is kept as long as the one that continues it, and where responses do not expire. */
const expiryOf = ({ createdAt, isContinued = true }: TurnHead, days: number): string | null =>
  isContinued ? null : new Date(Date.parse(createdAt) + days * DAY_MILLISECONDS).toISOString();

/** A stored response with the messages of its request and of its answer. */
export const renderTurn = (turn: TurnHead & Pick<StoredTurn, 'messages'>, days: number): object => ({
  ...renderTurnHead(turn, days),
  messages: turn.messages.map(renderMessage),
});

function renderMessage(message: ChatMessage): object {
  switch (message.role) {
    case 'system':
      return message;
    case 'user':
      return {
        role: 'user',
        content: message.content.map(renderPart),
      };
    case 'assistant': {
      const reasoning = message.content.map((part) => (part.type === 'reasoning' ? part.text : '')).join('');
      const calls = callsOf(message).map(({ id, name, arguments: args }) => ({ id, name, arguments: args }));
      return {
        role: 'assistant',
        content: textOf(message.content),
        ...(reasoning === '' ? {} : { reasoning }),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
      };
    }
    case 'tool': {
      const { role, toolCallId, name, content } = message;
      const answer = content.every(({ type }) => type === 'text') ? textOf(content) : content.map(renderPart);
      return { role, tool_call_id: toolCallId, name, content: answer };
    }
  }
}

const renderPart = (part: InputPart): object =>
  part.type === 'text' ? part : { type: 'image', data_url: `data:${part.mediaType};base64,${part.data}` };
