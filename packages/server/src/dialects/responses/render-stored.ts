import { type AssistantPart, type ChatMessage, textOf } from '@latchkey/engine';
import type { StoredTurn, TurnHead, TurnState } from '../../contracts/conversation-store.ts';
import { clientCallItem, itemId, type Json, messageItem, reasoningItem } from './items.ts';
import { createResponseRenderer } from './response-object.ts';

type Turn = TurnHead & Pick<StoredTurn, 'messages' | 'answer'>;

/** What is kept of an answer beside its messages. */
interface KeptAnswer {
  readonly response: Json;
  /** How many of the turn's messages the request brought. */
  readonly inputs: number;
}

/** A stored response as it was answered; one of another API, or that was broken off, as its messages show it. */
export function renderStored(turn: Turn): Json {
  const kept = keptOf(turn);
  if (kept !== undefined) return kept.response;
  const { id, model, parentId, createdAt, state, messages } = turn;
  const render = createResponseRenderer(
    { model, previous_response_id: parentId, store: true },
    { shown: [] },
    new Date(createdAt),
  );
  const output = messages.slice(inputsOf(turn)).flatMap(itemsOf);
  return render(id, { status: STATUS[state], output: output.map((item, index) => item(id, index)) });
}

const STATUS: Readonly<Record<TurnState, 'in_progress' | 'incomplete' | 'failed' | 'completed'>> = {
  running: 'in_progress',
  incomplete: 'incomplete',
  failed: 'failed',
  completed: 'completed',
};

/** The items of the request of a stored response, in order. */
export const renderInputItems = (turn: Turn): readonly Json[] =>
  turn.messages
    .slice(0, inputsOf(turn))
    .flatMap(itemsOf)
    .map((item, index) => item(`resp_in_${turn.id.replace(/^resp_/, '')}`, index));

/** The items of the output of a stored response, by id. */
export function outputItemsOf(turn: Turn): ReadonlyMap<string, Json> {
  const { output } = renderStored(turn);
  const items: readonly Json[] = Array.isArray(output) ? output : [];
  return new Map(items.flatMap((item) => (typeof item.id === 'string' ? [[item.id, item]] : [])));
}

/** The response in which an item is, by the item's id. */
export function responseIdOf(id: string): string | undefined {
  const [, response] = /^[a-z]+_([0-9a-z]{1,64})_\d{1,5}(?:_|$)/.exec(id) ?? [];
  return response === undefined ? undefined : `resp_${response}`;
}

function keptOf({ answer }: Turn): KeptAnswer | undefined {
  return answer === undefined ? undefined : (JSON.parse(answer) as KeptAnswer);
}

/** Where it was not kept, the answer begins with what the model has said last. */
function inputsOf(turn: Turn): number {
  const { messages } = turn;
  const asked = messages.findLastIndex(({ role }) => role === 'user' || role === 'system') + 1;
  const answered = messages.findIndex(({ role }, index) => index >= asked && role === 'assistant');
  return keptOf(turn)?.inputs ?? (answered === -1 ? messages.length : answered);
}

type Item = (responseId: string, index: number) => Json;

function itemsOf(message: ChatMessage): Item[] {
  switch (message.role) {
    case 'assistant':
      return message.content.map(ofPart);
    case 'tool': {
      const { toolCallId, content } = message;
      return [
        (id, index) => ({
          ...{ id: itemId('fco', id, index), type: 'function_call_output', status: 'completed' },
          ...{ call_id: toolCallId, output: textOf(content) },
        }),
      ];
    }
    default: {
      const parts = message.role === 'system' ? [{ type: 'text' as const, text: message.content }] : message.content;
      const content = parts.map((part) =>
        part.type === 'text'
          ? { type: 'input_text', text: part.text }
          : { type: 'input_image', detail: 'auto', image_url: `data:${part.mediaType};base64,${part.data}` },
      );
      const { role } = message;
      return [(id, index) => ({ id: itemId('msg', id, index), type: 'message', status: 'completed', role, content })];
    }
  }
}

function ofPart(part: AssistantPart): Item {
  if (part.type === 'text') return (id, index) => messageItem(itemId('msg', id, index), 'completed', part.text);
  if (part.type === 'reasoning') {
    return (id, index) => reasoningItem(itemId('rs', id, index), 'completed', { inSummary: false }, part.text);
  }
  const call = { callId: part.id, tool: { name: part.name, isCustom: false } };
  return (id, index) => clientCallItem(itemId('fc', id, index), 'completed', call, JSON.stringify(part.arguments));
}
