import type { FinishReason } from '@latchkey/engine';
import type { ChatAnswer } from '../../contracts/chat-dialect.ts';
import type { ChatEvent, ChatResult } from '../../contracts/chat-event.ts';
import type { ChatField } from '../../contracts/server-error.ts';
import { sdkErrors } from './errors.ts';
import { renderInstance, renderLoadConfig, type SdkInstance } from './render-models.ts';

type Json = Readonly<Record<string, unknown>>;

/** Finds a model in memory by its key. */
export type FindInstance = (key: string) => SdkInstance | undefined;

interface AnswerOptions {
  readonly find: FindInstance;
  readonly paramOf: (field: ChatField) => string | undefined;
}

const STOP_REASONS: Record<FinishReason, string> = {
  stop: 'eosFound',
  stop_string: 'stopStringFound',
  length: 'maxPredictedTokensReached',
  tool_calls: 'toolCalls',
};

/** Renders a prediction as the packets of its channel; a packet of type `error` is the channel's error. */
export function createAnswer({ find, paramOf }: AnswerOptions): ChatAnswer {
  let key = '';
  let instance: SdkInstance | undefined;
  let isCancelled = false;
  let hasFailed = false;

  const packetsOf = (event: ChatEvent): readonly Json[] => {
    switch (event.type) {
      case 'chat.start':
        key = event.model;
        return [];
      case 'prompt.start':
        // It is in memory now, and may be unloaded as soon as it has answered.
        instance = find(key);
        return [];
      case 'prompt.progress':
        return [renderProgress(event)];
      case 'message.delta':
        return [fragment(event.text, 'none')];
      case 'reasoning.delta':
        return [fragment(event.text, 'reasoning')];
      case 'client_tool_call.start':
        return [
          { type: 'toolCallGenerationStart', toolCallId: event.id },
          { type: 'toolCallGenerationNameReceived', name: event.name },
        ];
      case 'client_tool_call.delta':
        return [{ type: 'toolCallGenerationArgumentFragmentGenerated', content: event.text }];
      case 'client_tool_call.end': {
        const { id, name, arguments: args } = event;
        return [{ type: 'toolCallGenerationEnd', toolCallRequest: { type: 'function', id, name, arguments: args } }];
      }
      case 'error':
        hasFailed = true;
        return [{ type: 'error', error: sdkErrors.renderError(event.error.named(paramOf)).body }];
      case 'chat.end':
        return hasFailed ? [] : [renderSuccess(event.result, instance ?? find(key), isCancelled)];
      default:
        return [];
    }
  };

  return {
    renderEvent: (event) => packetsOf(event).map((packet) => ({ data: JSON.stringify(packet) })),
    renderResult: (result) => renderSuccess(result, instance ?? find(result.model), isCancelled),
    cancel: () => {
      isCancelled = true;
    },
  };
}

const fragment = (content: string, reasoningType: 'none' | 'reasoning'): Json => ({
  type: 'fragment',
  fragment: { content, tokensCount: 1, containsDrafted: false, reasoningType, isStructural: false },
});

function renderProgress({
  processed,
  total,
  cached = 0,
}: Extract<ChatEvent, { readonly type: 'prompt.progress' }>): Json {
  return {
    type: 'promptProcessingProgress',
    progress: total === 0 ? 1 : processed / total,
    details: {
      cachedTokenCount: cached,
      totalPromptTokenCount: total,
      processedPromptTokenCount: Math.max(0, processed - cached),
      unprocessedPromptTokenCount: total - Math.max(processed, cached),
    },
  };
}

function renderSuccess(result: ChatResult, instance: SdkInstance | undefined, isCancelled: boolean): Json {
  const { stats, finishReason, stopString } = result;
  const seconds = stats.tokensPerSecond === 0 ? 0 : stats.outputTokens / stats.tokensPerSecond;
  return {
    type: 'success',
    stats: {
      stopReason: isCancelled ? 'userStopped' : STOP_REASONS[finishReason],
      ...(stopString === undefined ? {} : { stopString }),
      ...(stats.tokensPerSecond === 0 ? {} : { tokensPerSecond: stats.tokensPerSecond }),
      timeToFirstTokenSec: stats.timeToFirstTokenSeconds,
      totalTimeSec: stats.timeToFirstTokenSeconds + seconds,
      promptTokensCount: stats.inputTokens,
      predictedTokensCount: stats.outputTokens,
      totalTokensCount: stats.inputTokens + stats.outputTokens,
    },
    ...(instance === undefined
      ? {}
      : { modelInfo: renderInstance(instance), loadModelConfig: renderLoadConfig(instance) }),
    predictionConfig: { fields: [] },
  };
}
