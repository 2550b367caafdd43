import type { ChatMessage, FinishReason, GenerateRequest, QueueShare, ToolCallRequest } from '@latchkey/engine';
import type { OutputItem } from '../contracts/chat-event.ts';
import type { ChatRequest } from '../contracts/chat-request.ts';
import type { WaitingToolCall } from '../contracts/conversation-store.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import type { RoundEvent } from './generate-within-budget.ts';
import type { ChatLimits } from './limits.ts';
import type { ToolAnswer } from './turn-lives.ts';
import { emptyUsage, type UsageTotals } from './usage.ts';

/** Everything that the loop needs; it knows no HTTP, no tokens, no engine of a certain make. */
export interface ChatTurn {
  readonly request: ChatRequest;
  /** History and the request's own messages. */
  readonly messages: readonly ChatMessage[];
  readonly toolset: ChatToolset;
  readonly limits: ChatLimits;
  readonly cacheScope: string;
  readonly share: QueueShare;
  /** Runs one round on the model, which is loaded first if it has to be. */
  readonly generate: (request: GenerateRequest, signal: AbortSignal) => AsyncIterable<RoundEvent>;
  readonly createCallId: () => string;
  /** Calls at the end of the history that nothing has answered: they come first. */
  readonly unanswered: readonly ToolCallRequest[];
  /** The one of them that has waited for a person already. */
  readonly waiting?: WaitingToolCall;
  /** The one that was about to be made when the turn before was broken off: it is not made again. */
  readonly begun?: string;
  /** Called once, when there is something to keep: the engine has taken the prompt, or a call comes first. */
  readonly begin?: () => Promise<void>;
  /** Absent: nobody can go on from this turn. */
  readonly keep?: TurnKeeper;
  /** Fires when the caller's token has ended or the server stops, and not when it leaves. */
  readonly ended?: AbortSignal;
  /** Told that a person has agreed to a call: from then on the turn is carried on without its caller until that has ended. */
  readonly outlive?: () => void;
  /** Told of each call that was made. */
  readonly countCall?: () => void;
  readonly lives?: CallLives;
}

/** What other requests see of the calls of this turn, and this turn of theirs. */
export interface CallLives {
  /** A call is being made, until what is returned is disposed of; absent for a turn that is not kept. */
  readonly begin?: () => Disposable;
  /** What a call of another turn has answered, once it was made; undefined when that is not known. */
  readonly answerOf: (responseId: string, callId: string, signal: AbortSignal) => Promise<ToolAnswer | undefined>;
}

/** Keeps what a turn has come to, so that its caller may leave and come back. */
export interface TurnKeeper {
  readonly responseId: string;
  /** @param open the call that it has come to: it waits for a person, or is about to be made */
  readonly progress: (open?: { readonly waiting?: WaitingToolCall; readonly begun?: string }) => Promise<void>;
}

/** What a finished or broken turn leaves behind; it is filled while the turn runs. */
export interface TurnRecord {
  readonly output: OutputItem[];
  /** What the conversation gained: the assistant's messages and the tools' answers. */
  readonly added: ChatMessage[];
  readonly usage: UsageTotals;
  finishReason: FinishReason;
  /** Which stop string ended the last round, when one did. */
  stopString: string | undefined;
  /** As many characters of each answer of a tool fit into the context; undefined while nothing was too long. */
  answerCharacters: number | undefined;
}

export const createTurnRecord = (): TurnRecord => ({
  output: [],
  added: [],
  usage: emptyUsage(),
  finishReason: 'stop',
  stopString: undefined,
  answerCharacters: undefined,
});
