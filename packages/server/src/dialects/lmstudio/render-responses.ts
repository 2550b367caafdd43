import type { ChatMessage } from '@latchkey/engine';
import type { StoredTurn, TurnHead } from '../../contracts/conversation-store.ts';

/** A stored response without its words. */
export const renderTurnHead = ({ id, model, project, parentId, state, waiting, createdAt }: TurnHead): object => ({
  id,
  model,
  project,
  state,
  created_at: createdAt,
  previous_response_id: parentId,
  ...(waiting && { approval_id: waiting.approvalId }),
});

/** A stored response with what its request brought and what came of it. */
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
        content: message.content.map((part) =>
          part.type === 'text' ? part : { type: 'image', data_url: `data:${part.mediaType};base64,${part.data}` },
        ),
      };
    case 'assistant':
      return {
        role: 'assistant',
        content: message.content,
        ...(message.reasoning === undefined ? {} : { reasoning: message.reasoning }),
        ...(message.toolCalls === undefined ? {} : { tool_calls: message.toolCalls }),
      };
    case 'tool':
      return { role: 'tool', tool_call_id: message.toolCallId, name: message.name, content: message.content };
  }
}
