import type { ChatRequest } from '../contracts/chat-request.ts';
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

export const createPromptCounter =
  (options: ChatServiceOptions): PromptCounter =>
  async (caller, asked, signal) => {
    const chat = await prepareChat(options, caller, asked, signal);
    await using _toolset = chat.toolset;
    const turn = { ...chat, cacheScope: scopeOf(caller.principal), share: shareOf(caller.principal) };
    const request = toGenerateRequest(turn, createTurnRecord(), { mayCall: true, first: true });
    const model = new ChatModel(options.pool, chat.model, asked.contextLength);
    refuseFarTooLong(request, model.contextLength);
    const loading = model.lease(signal);
    for (;;) {
      const step = await loading.next();
      if (!step.done) continue;
      using lease = step.value;
      return await lease.model.countPrompt(request, signal);
    }
  };
