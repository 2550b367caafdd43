import type { AnswerIdentity } from '../../contracts/answer-identity.ts';
import type { ChatAnswer, WireEvent } from '../../contracts/chat-dialect.ts';
import type { OutputItem } from '../../contracts/chat-event.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { renderEnd, renderUsage, signatureOf, toolResult, toolUse } from './blocks.ts';
import { MessageStream } from './message-stream.ts';

type Json = Record<string, unknown>;

/** How to render the answer. */
export interface AnswerOptions {
  /** The name of the model in the request. */
  readonly model: string;
  /** The request only warms the prompt cache and gets no answer text. */
  readonly isWarmUp: boolean;
  /** This API's name for a field of the request. */
  readonly paramOf: (field: ChatField) => string | undefined;
}

export function createAnswer({ id }: AnswerIdentity, options: AnswerOptions): ChatAnswer {
  const envelope = { id: `msg_${id}`, type: 'message', role: 'assistant', model: options.model };
  const stream = new MessageStream(envelope, options);
  return {
    renderEvent: (event) => stream.render(event).map(toWire),
    renderResult: (result) => ({
      ...envelope,
      content: options.isWarmUp ? [] : result.output.flatMap(renderItem),
      ...renderEnd(result, options.isWarmUp),
      usage: renderUsage(result.stats, options.isWarmUp),
    }),
  };
}

const toWire = (payload: Json): WireEvent => ({ name: String(payload.type), data: JSON.stringify(payload) });

/** Renders one output item as blocks. */
function renderItem(item: OutputItem): Json[] {
  switch (item.type) {
    case 'message':
      return [{ type: 'text', text: item.content }];
    case 'reasoning':
      return [{ type: 'thinking', thinking: item.content, signature: signatureOf(item.content) }];
    case 'confirmation_request':
      // This API has no calls that its caller confirms.
      return [];
    case 'client_tool_call':
      return [{ type: 'tool_use', id: item.id, name: item.name, input: item.arguments }];
    case 'tool_call':
      return [
        { ...toolUse(item.id, item.tool, item.origin), input: item.arguments },
        toolResult(item.id, item.isError, item.content),
      ];
    case 'invalid_tool_call': {
      const { id, reason, invalid } = item;
      // A call that could not be parsed cannot be rendered.
      if (invalid.origin === undefined || invalid.arguments === undefined) return [];
      return [
        { ...toolUse(id, invalid.toolName, invalid.origin), input: invalid.arguments },
        toolResult(id, true, [{ type: 'text', text: reason }]),
      ];
    }
  }
}
