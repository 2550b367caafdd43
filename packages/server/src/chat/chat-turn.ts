import type { ChatMessage, FinishReason, GenerateRequest, QueueShare, ToolCallRequest } from '@latchkey/engine';
import type { OutputItem } from '../contracts/chat-event.ts';
import type { ChatRequest } from '../contracts/chat-request.ts';
import type { WaitingToolCall } from '../contracts/conversation-store.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import type { AnswerRoom } from './fit-answers.ts';
import type { RoundEvent } from './generate-within-budget.ts';
import type { ChatLimits } from './limits.ts';
import type { ToolAnswer } from './turn-lives.ts';
import { emptyUsage, type UsageTotals } from './usage.ts';

/** The input of the chat loop. It is independent of HTTP, tokens and any particular engine. */
export interface ChatTurn {
  readonly request: ChatRequest;
  /** History and the request's own messages. */
  readonly messages: readonly ChatMessage[];
  readonly toolset: ChatToolset;
  readonly limits: ChatLimits;
  readonly cacheScope: string;
  readonly share: QueueShare;
  /**
   * Runs one round on the model, which is loaded first if needed.
   *
   * @param keepsRoom whether a prompt that leaves next to no room for an answer is too long
   */
  readonly generate: (request: GenerateRequest, signal: AbortSignal, keepsRoom?: boolean) => AsyncIterable<RoundEvent>;
  readonly createCallId: () => string;
  /** Calls at the end of the history without an answer; they are made first. */
  readonly unanswered: readonly ToolCallRequest[];
  /** The one of them that has already waited for a person. */
  readonly waiting?: WaitingToolCall;
  /** The call that was about to be made when the previous turn was interrupted; it is not made again. */
  readonly begun?: string;
  /** Called once, when there is something to store: the engine has taken the prompt, or a call comes first. */
  readonly begin?: () => Promise<void>;
  /** Absent when the turn cannot be continued. */
  readonly keep?: TurnKeeper;
  /** Fires when the caller's token has ended or the server stops, but not when the caller disconnects. */
  readonly ended?: AbortSignal;
  /** Called when a person has approved a call: the turn then goes on without its caller until the call has ended. */
  readonly outlive?: () => void;
  /** Called for each call that was made. */
  readonly countCall?: () => void;
  readonly lives?: CallLives;
}

/** Shows the calls of this turn to other requests, and those of other turns to this one. */
export interface CallLives {
  /** Marks a call as being made until the result is disposed of; absent for a turn that is not stored. */
  readonly begin?: () => Disposable;
  /** The answer to a call of another turn, once it was made; undefined when it is not known. */
  readonly answerOf: (responseId: string, callId: string, signal: AbortSignal) => Promise<ToolAnswer | undefined>;
}

/** Stores the progress of a turn, so that its caller may leave and return. */
export interface TurnKeeper {
  readonly responseId: string;
  /** @param open the call that the turn has reached: it waits for a person, or is about to be made */
  readonly progress: (open?: { readonly waiting?: WaitingToolCall; readonly begun?: string }) => Promise<void>;
}

/** The result of a finished or interrupted turn; it is filled while the turn runs. */
export interface TurnRecord {
  readonly output: OutputItem[];
  /** The messages added to the conversation: the assistant's messages and the tools' answers. */
  readonly added: ChatMessage[];
  readonly usage: UsageTotals;
  finishReason: FinishReason;
  /** The stop string that ended the last round, if any. */
  stopString: string | undefined;
  /** How much of the answers of tools fits into the context; undefined while nothing was too long. */
  answerRoom: AnswerRoom | undefined;
}

export const createTurnRecord = (): TurnRecord => ({
  output: [],
  added: [],
  usage: emptyUsage(),
  finishReason: 'stop',
  stopString: undefined,
  answerRoom: undefined,
});
