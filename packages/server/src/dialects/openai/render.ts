import type { FinishReason } from '@latchkey/engine';
import type { AnswerIdentity } from '../../contracts/answer-identity.ts';
import type { ChatAnswer, WireEvent } from '../../contracts/chat-dialect.ts';
import type { ChatEvent, ChatResult, ChatStats } from '../../contracts/chat-event.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { openaiErrors } from './errors.ts';

type Json = Record<string, unknown>;

/** The fields that all chunks of one completion share. */
export interface CompletionIdentity {
  /** `chatcmpl-…`. */
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The name of the model in the request. */
  readonly model: string;
}

/** How to render the answer. */
export interface AnswerOptions {
  /** The name of the model in the request. */
  readonly model: string;
  /** Whether the stream ends with a chunk that contains the usage. */
  readonly includeUsage: boolean;
  /** This API's name for a field of the request. */
  readonly paramOf: (field: ChatField) => string | undefined;
  readonly addition?: Addition | undefined;
}

/** Further fields of a complete answer, made of the results of its choices. */
export type Addition = (results: readonly ChatResult[]) => Json;

const NOTHING: Addition = () => ({});

const DONE: WireEvent = { data: '[DONE]' };

export function createAnswer(
  { id, createdAt }: AnswerIdentity,
  { model, includeUsage, paramOf, addition = NOTHING }: AnswerOptions,
): ChatAnswer {
  const identity = toCompletionIdentity({ id, createdAt }, model);
  const chunks = new ChunkRenderer(identity, includeUsage, paramOf, addition);
  return {
    renderEvent: (event) => [
      ...chunks.render(event).map((chunk) => ({ data: JSON.stringify(chunk) })),
      ...(event.type === 'chat.end' ? [DONE] : []),
    ],
    renderResult: (result) => ({ ...renderCompletion(identity, result), ...addition([result]) }),
  };
}

export const toCompletionIdentity = ({ id, createdAt }: AnswerIdentity, model: string): CompletionIdentity => ({
  id: `chatcmpl-${id}`,
  created: Math.floor(createdAt.getTime() / 1000),
  model,
});

/** The answer to a completion that is not streamed. */
export function renderCompletion(identity: CompletionIdentity, result: ChatResult): Json {
  const texts = (type: 'message' | 'reasoning'): string =>
    result.output.flatMap((item) => (item.type === type ? [item.content] : [])).join('');
  const toolCalls = result.output.flatMap((item) =>
    item.type === 'client_tool_call'
      ? [{ id: item.id, type: 'function', function: { name: item.name, arguments: JSON.stringify(item.arguments) } }]
      : [],
  );
  const content = texts('message');
  const reasoning = texts('reasoning');
  return {
    id: identity.id,
    object: 'chat.completion',
    created: identity.created,
    model: identity.model,
    system_fingerprint: result.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: content === '' && toolCalls.length > 0 ? null : content,
          ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
          ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
        },
        logprobs: null,
        finish_reason: finishReason(result.finishReason, toolCalls.length > 0),
      },
    ],
    usage: renderUsage(result.stats),
  };
}

/** Renders the events of a stream as chunks, and keeps the state that later chunks need. */
export class ChunkRenderer {
  readonly #identity: CompletionIdentity;
  readonly #includeUsage: boolean;
  readonly #paramOf: (field: ChatField) => string | undefined;
  readonly #addition: Addition;
  #calledTools = false;
  #failed = false;

  /** @param paramOf this API's name for a field of the request */
  constructor(
    identity: CompletionIdentity,
    includeUsage: boolean,
    paramOf: (field: ChatField) => string | undefined = () => undefined,
    addition: Addition = NOTHING,
  ) {
    this.#identity = identity;
    this.#paramOf = paramOf;
    this.#includeUsage = includeUsage;
    this.#addition = addition;
  }

  render(event: ChatEvent): Json[] {
    switch (event.type) {
      case 'chat.start':
        return [this.#chunk({ role: 'assistant', content: '' })];
      case 'message.delta':
        return [this.#chunk({ content: event.text })];
      case 'reasoning.delta':
        return [this.#chunk({ reasoning_content: event.text })];
      case 'client_tool_call.start': {
        this.#calledTools = true;
        const { index, id, name } = event;
        return [this.#chunk({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] })];
      }
      case 'client_tool_call.delta':
        return [this.#chunk({ tool_calls: [{ index: event.index, function: { arguments: event.text } }] })];
      case 'error':
        this.#failed = true;
        return [openaiErrors.renderError(event.error.named(this.#paramOf)).body];
      case 'chat.end':
        // A finish reason after an error would make an incomplete answer look complete.
        return this.#failed ? [] : this.#end(event.result);
      default:
        return [];
    }
  }

  #end(result: ChatResult): Json[] {
    const ended = finishReason(result.finishReason, this.#calledTools);
    const last = { ...this.#chunk({}, ended), ...this.#addition([result]) };
    if (!this.#includeUsage) return [last];
    return [last, { ...this.#envelope(), choices: [], usage: renderUsage(result.stats) }];
  }

  #chunk(delta: Json, finish: string | null = null): Json {
    return { ...this.#envelope(), choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] };
  }

  #envelope(): Json {
    return { ...this.#identity, object: 'chat.completion.chunk', ...(this.#includeUsage ? { usage: null } : {}) };
  }
}

function finishReason(reason: FinishReason, calledTools: boolean): string {
  // A call that was cut off does not count: a client that read `tool_calls` would run it.
  if (reason === 'length') return 'length';
  return calledTools ? 'tool_calls' : 'stop';
}

export function renderUsage(
  stats: Pick<ChatStats, 'inputTokens' | 'outputTokens' | 'cachedInputTokens' | 'reasoningOutputTokens'>,
): Json {
  return {
    prompt_tokens: stats.inputTokens,
    completion_tokens: stats.outputTokens,
    total_tokens: stats.inputTokens + stats.outputTokens,
    prompt_tokens_details: { cached_tokens: stats.cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: stats.reasoningOutputTokens },
  };
}
