import type { ChatEvent, ChatResult } from '../../contracts/chat-event.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { renderEnd, renderUsage, signatureOf, toolResult, toolUse } from './blocks.ts';
import { anthropicErrors } from './errors.ts';

type Json = Record<string, unknown>;
type ClientCall = Extract<ChatEvent, { readonly type: 'client_tool_call.start' }>;

/** A call for the client whose events arrived while the block of another call was open. */
interface HeldCall {
  readonly call: ClientCall;
  text: string;
  isOver: boolean;
}

export interface MessageStreamOptions {
  readonly isWarmUp: boolean;
  readonly paramOf: (field: ChatField) => string | undefined;
}

/**
 * Renders a chat as the events of one message: `message_start`; blocks from `content_block_start` to
 * `content_block_stop`, one at a time; `message_delta` with the stop reason and the usage; `message_stop`. A message
 * starts as soon as its prompt is counted and does not wait for later values.
 */
export class MessageStream {
  readonly #envelope: Json;
  readonly #options: MessageStreamOptions;
  readonly #held: HeldCall[] = [];
  /** The server's calls whose blocks were sent, and whose results follow. */
  readonly #shown = new Set<string>();
  #hasStarted = false;
  #hasFailed = false;
  #next = 0;
  /** The open block, if any, and the call for the client that it belongs to. */
  #open: { readonly call?: ClientCall } | undefined;

  constructor(envelope: Json, options: MessageStreamOptions) {
    this.#envelope = envelope;
    this.#options = options;
  }

  render(event: ChatEvent): Json[] {
    const { isWarmUp } = this.#options;
    if (event.type === 'prompt.start') return this.#start(event.promptTokens, event.cachedTokens);
    if (event.type === 'error') {
      this.#hasFailed = true;
      return [anthropicErrors.renderError(event.error.named(this.#options.paramOf)).body];
    }
    // An end after an error would make an incomplete message look complete.
    if (event.type === 'chat.end') return this.#hasFailed ? [] : this.#end(event.result);
    return isWarmUp ? [] : this.#renderBlock(event);
  }

  #renderBlock(event: ChatEvent): Json[] {
    switch (event.type) {
      case 'reasoning.start':
        return this.#begin({ type: 'thinking', thinking: '', signature: '' });
      case 'reasoning.delta':
        return [this.#delta({ type: 'thinking_delta', thinking: event.text })];
      case 'reasoning.end':
        return [this.#delta({ type: 'signature_delta', signature: signatureOf(event.text) }), ...this.#close()];
      case 'message.start':
        return this.#begin({ type: 'text', text: '' });
      case 'message.delta':
        return [this.#delta({ type: 'text_delta', text: event.text })];
      case 'message.end':
        return this.#close();
      case 'client_tool_call.start':
        return this.#beginCall(event);
      case 'client_tool_call.delta':
        return this.#continueCall(event.index, event.text);
      case 'client_tool_call.end':
        return this.#endCall(event.index);
      case 'tool_call.arguments': {
        this.#shown.add(event.id);
        const input = JSON.stringify(event.arguments);
        return [
          ...this.#begin({ ...toolUse(event.id, event.tool, event.origin), input: {} }),
          this.#delta({ type: 'input_json_delta', partial_json: input }),
          ...this.#close(),
        ];
      }
      case 'tool_call.success':
        return this.#result(event.id, toolResult(event.id, event.isError, event.content));
      case 'tool_call.failure': {
        const text = { type: 'text' as const, text: event.reason };
        // The block of a call for the client that could not be parsed is closed here.
        const broken = this.#open?.call?.id === event.id ? this.#endCall(this.#open.call.index) : [];
        return [...broken, ...this.#result(event.id, toolResult(event.id, true, [text]))];
      }
      default:
        return [];
    }
  }

  #start(promptTokens: number, cachedTokens: number): Json[] {
    // Each round has a prompt, but there is only one message.
    if (this.#hasStarted) return [];
    this.#hasStarted = true;
    const counts = { inputTokens: promptTokens, cachedInputTokens: cachedTokens, outputTokens: 0 };
    const empty = { content: [], stop_reason: null, stop_sequence: null, usage: renderUsage(counts, false) };
    return [{ type: 'message_start', message: { ...this.#envelope, ...empty } }];
  }

  #end(result: ChatResult): Json[] {
    const { isWarmUp } = this.#options;
    return [
      ...this.#start(result.stats.inputTokens, result.stats.cachedInputTokens),
      ...this.#close(),
      ...this.#held.splice(0).flatMap((held) => [...this.#show(held), ...this.#close()]),
      { type: 'message_delta', delta: renderEnd(result, isWarmUp), usage: renderUsage(result.stats, isWarmUp) },
      { type: 'message_stop' },
    ];
  }

  #begin(block: Json, call?: ClientCall): Json[] {
    const closed = this.#close();
    this.#open = call === undefined ? {} : { call };
    return [...this.#start(0, 0), ...closed, { type: 'content_block_start', index: this.#next, content_block: block }];
  }

  #delta(delta: Json): Json {
    return { type: 'content_block_delta', index: this.#next, delta };
  }

  #close(): Json[] {
    if (this.#open === undefined) return [];
    this.#open = undefined;
    this.#next += 1;
    return [{ type: 'content_block_stop', index: this.#next - 1 }];
  }

  #beginCall(call: ClientCall): Json[] {
    if (this.#open?.call === undefined) return this.#show({ call, text: '', isOver: false });
    this.#held.push({ call, text: '', isOver: false });
    return [];
  }

  #continueCall(index: number, text: string): Json[] {
    if (this.#open?.call?.index === index) return [this.#delta({ type: 'input_json_delta', partial_json: text })];
    const held = this.#held.find(({ call }) => call.index === index);
    if (held !== undefined) held.text += text;
    return [];
  }

  /** Closes the block of a call, and sends the calls that were held for that. */
  #endCall(index: number): Json[] {
    if (this.#open?.call?.index !== index) {
      const held = this.#held.find(({ call }) => call.index === index);
      if (held !== undefined) held.isOver = true;
      return [];
    }
    const shown = this.#close();
    for (let held = this.#held.shift(); held !== undefined; held = this.#held.shift()) {
      shown.push(...this.#show(held));
      if (!held.isOver) return shown;
      shown.push(...this.#close());
    }
    return shown;
  }

  #show({ call, text }: HeldCall): Json[] {
    const begun = this.#begin({ type: 'tool_use', id: call.id, name: call.name, input: {} }, call);
    return text === '' ? begun : [...begun, this.#delta({ type: 'input_json_delta', partial_json: text })];
  }

  #result(id: string, block: Json): Json[] {
    return this.#shown.has(id) ? [...this.#begin(block), ...this.#close()] : [];
  }
}
