import { type ChatMessage, callsOf, type InputPart, textOf } from '@latchkey/engine';
import type { StoredTurn, TurnHead } from '../../contracts/conversation-store.ts';

/** A stored response without its content. */
export const renderTurnHead = ({ id, model, project, parentId, state, waiting, createdAt }: TurnHead): object => ({
  id,
  model,
  project,
  state,
  created_at: createdAt,
  previous_response_id: parentId,
  ...(waiting && { approval_id: waiting.approvalId }),
});

/** A stored response with the messages of its request and of its answer. */
export const renderTurn = (turn: TurnHead & Pick<StoredTurn, 'messages'>): object => ({
  ...renderTurnHead(turn),
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
