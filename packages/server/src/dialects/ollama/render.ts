import type { AnswerIdentity } from '../../contracts/answer-identity.ts';
import type { ChatAnswer, WireEvent } from '../../contracts/chat-dialect.ts';
import type { ChatEvent, ChatResult, ChatStats, OutputItem } from '../../contracts/chat-event.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { ollamaErrors } from './errors.ts';

type Json = Readonly<Record<string, unknown>>;

/** How to render the answer. */
export interface AnswerOptions {
  readonly kind: 'chat' | 'generate';
  /** The name of the model in the request. */
  readonly model: string;
  /** This API's name for a field of the request. */
  readonly paramOf: (field: ChatField) => string | undefined;
}

/** What a piece of an answer says. */
interface Piece {
  readonly text?: string;
  readonly thinking?: string;
  readonly calls?: readonly Json[];
}

const NANOSECONDS = 1e9;

/** Renders the answers to `POST /api/chat` and `POST /api/generate`. */
export function createAnswer(
  { createdAt }: AnswerIdentity,
  { kind, model, paramOf }: AnswerOptions,
  now: () => number = performance.now.bind(performance),
): ChatAnswer {
  const startedAt = now();
  const envelope = (piece: Piece, rest: Json): Json => ({
    model,
    created_at: createdAt.toISOString(),
    ...(kind === 'chat' ? { message: toMessage(piece) } : toResponse(piece)),
    ...rest,
  });
  const piece = (said: Piece): readonly WireEvent[] => [toLine(envelope(said, { done: false }))];
  const end = (said: Piece, { finishReason, stats }: ChatResult): Json =>
    envelope(said, {
      done: true,
      done_reason: finishReason === 'length' ? 'length' : 'stop',
      total_duration: Math.round((now() - startedAt) * 1e6),
      ...renderStats(stats),
    });
  let failed = false;

  return {
    renderEvent: (event: ChatEvent) => {
      switch (event.type) {
        case 'message.delta':
          return piece({ text: event.text });
        case 'reasoning.delta':
          return piece({ thinking: event.text });
        case 'client_tool_call.end':
          return piece({ calls: [renderCall(event, event.index)] });
        case 'error':
          failed = true;
          return [toLine(ollamaErrors.renderError(event.error.named(paramOf)).body)];
        case 'chat.end':
          // An end after an error would make an incomplete answer look complete.
          return failed ? [] : [toLine(end({}, event.result))];
        default:
          return [];
      }
    },
    renderResult: (result) => end(toPiece(result.output), result),
  };
}

/** The answer to a request that only loads or unloads a model. */
export const renderLoad = (
  { kind, model, unload }: { readonly kind: AnswerOptions['kind']; readonly model: string; readonly unload: boolean },
  createdAt: Date,
): Json => ({
  model,
  created_at: createdAt.toISOString(),
  ...(kind === 'chat' ? { message: toMessage({}) } : toResponse({})),
  done: true,
  done_reason: unload ? 'unload' : 'load',
});

const toLine = (value: Json): WireEvent => ({ data: JSON.stringify(value) });

const toMessage = ({ text = '', thinking, calls }: Piece): Json => ({
  role: 'assistant',
  content: text,
  ...(thinking === undefined ? {} : { thinking }),
  ...(calls === undefined ? {} : { tool_calls: calls }),
});

const toResponse = ({ text = '', thinking }: Piece): Json => ({
  response: text,
  ...(thinking === undefined ? {} : { thinking }),
});

const renderCall = (
  { id, name, arguments: args }: { readonly id: string; readonly name: string; readonly arguments: Json },
  index: number,
): Json => ({ id, function: { index, name, arguments: args } });

function toPiece(output: readonly OutputItem[]): Piece {
  const texts = (type: 'message' | 'reasoning'): string =>
    output.flatMap((item) => (item.type === type ? [item.content] : [])).join('');
  const calls = output.filter((item) => item.type === 'client_tool_call').map(renderCall);
  const thinking = texts('reasoning');
  return {
    text: texts('message'),
    ...(thinking === '' ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { calls }),
  };
}

/** Durations are in nanoseconds. */
const renderStats = (stats: ChatStats): Json => ({
  load_duration: toNanoseconds(stats.modelLoadTimeSeconds ?? 0),
  prompt_eval_count: stats.inputTokens,
  prompt_eval_duration: toNanoseconds(stats.timeToFirstTokenSeconds),
  eval_count: stats.outputTokens,
  eval_duration: stats.tokensPerSecond === 0 ? 0 : toNanoseconds(stats.outputTokens / stats.tokensPerSecond),
});

const toNanoseconds = (seconds: number): number => Math.round(seconds * NANOSECONDS);
