import type { GenerateRequest, LoadedModel, ReadPrompt } from '@latchkey/engine';
import type { ChatRequest } from '../contracts/chat-request.ts';
import { ServerError } from '../contracts/server-error.ts';
import { scopeOf, shareOf } from './caller-scope.ts';
import { ChatModel } from './chat-model.ts';
import { createTurnRecord } from './chat-turn.ts';
import { refuseFarTooLong } from './far-too-long.ts';
import { type ChatCaller, type ChatServiceOptions, prepareChat } from './prepare-chat.ts';
import { toGenerateRequest } from './run-chat.ts';

/**
 * Counts the tokens of a request's prompt, including its tools, with the tokenizer of its model, which is loaded first
 * if needed. Makes the same refusals as a chat, and generates nothing.
 */
export type PromptCounter = (caller: ChatCaller, request: ChatRequest, signal: AbortSignal) => Promise<number>;

export const createPromptCounter = (options: ChatServiceOptions): PromptCounter =>
  withPrompt(options, (model, request, signal) => model.countPrompt(request, signal));

/**
 * Reads the prompt of a request as its model would, text and tokens, under the same conditions. Throws ServerError
 * `INVALID_REQUEST` where the engine of the model does not know it.
 */
export type PromptReader = (caller: ChatCaller, request: ChatRequest, signal: AbortSignal) => Promise<ReadPrompt>;

export const createPromptReader = (options: ChatServiceOptions): PromptReader =>
  withPrompt(options, (model, request, signal) => model.readPrompt?.(request, signal) ?? notKnown());

const notKnown = (): never => {
  throw new ServerError(
    'INVALID_REQUEST',
    "The engine of this model does not show its prompts: it is another server's.",
    {
      field: 'model',
    },
  );
};

const withPrompt =
  <T>(
    options: ChatServiceOptions,
    use: (model: LoadedModel, request: GenerateRequest, signal: AbortSignal) => Promise<T>,
  ) =>
  async (caller: ChatCaller, asked: ChatRequest, signal: AbortSignal): Promise<T> => {
    const chat = await prepareChat(options, caller, asked, signal);
    await using _toolset = chat.toolset;
    const turn = { ...chat, cacheScope: scopeOf(caller.principal), share: shareOf(caller.principal) };
    const request = toGenerateRequest(turn, createTurnRecord(), { mayCall: true, first: true });
    const model = new ChatModel(options.pool, chat.model, chat.request);
    refuseFarTooLong(request, model.contextLength);
    const loading = model.lease(signal);
    for (;;) {
      const step = await loading.next();
      if (!step.done) continue;
      using lease = step.value;
      return await use(lease.model, request, signal);
    }
  };
