import { setTimeout } from 'node:timers/promises';
import type { ChatMessage } from '@latchkey/engine';
import type { ConversationStore, TurnPulse, TurnScope } from '../contracts/conversation-store.ts';

const BEAT_MILLISECONDS = 2_000;
const LOOK_MILLISECONDS = 250;

/**
 * The stored turns whose calls are being made, here and on the other servers of the database. A returning caller waits
 * for the result of a call wherever it is made.
 */
export interface TurnLives {
  /** Marks a call of the turn as being made or waiting for a person, until the result is disposed of. */
  begin(responseId: string): Disposable;
  /**
   * Waits while a call of the turn is being made. A turn whose server has stopped is marked as incomplete.
   *
   * @param orWaits also waits while a call of the turn waits for a person
   */
  whenMade(responseId: string, scope: TurnScope, signal: AbortSignal, orWaits?: boolean): Promise<void>;
  /** The answer to a call of another turn, once it was made; undefined when that turn has no answer to it. */
  answerOf(responseId: string, callId: string, scope: TurnScope, signal: AbortSignal): Promise<ToolAnswer | undefined>;
}

/** The tool message that a model reads as the result of a call. */
export type ToolAnswer = Extract<ChatMessage, { role: 'tool' }>;

/** @param silenceMilliseconds after how long without a beat the server of a turn counts as stopped */
export function createTurnLives(conversations: ConversationStore, silenceMilliseconds: number): TurnLives {
  const living = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  // A failed beat is repeated at the next interval.
  const beat = (): void => void conversations.beat([...living.keys()]).catch(() => {});

  function begin(responseId: string): Disposable {
    living.set(responseId, (living.get(responseId) ?? 0) + 1);
    timer ??= setInterval(beat, BEAT_MILLISECONDS).unref();
    return {
      [Symbol.dispose]() {
        const left = (living.get(responseId) ?? 1) - 1;
        if (left > 0) living.set(responseId, left);
        else living.delete(responseId);
        if (living.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      },
    };
  }

  async function whenMade(responseId: string, scope: TurnScope, signal: AbortSignal, orWaits = false): Promise<void> {
    const isOpen = ({ state, begun, waiting }: TurnPulse): boolean =>
      state === 'running' && (begun !== undefined || (orWaits && waiting !== undefined));
    // Beats are compared only with each other, not with a clock: the clocks of servers differ.
    let beats: number | undefined;
    let since = performance.now();
    for (;;) {
      const pulse = await conversations.pulse(responseId, scope);
      if (pulse === undefined || !isOpen(pulse)) return;
      if (pulse.beats !== beats) {
        beats = pulse.beats;
        since = performance.now();
      } else if (performance.now() - since >= silenceMilliseconds) {
        return conversations.abandon(responseId, beats);
      }
      await setTimeout(LOOK_MILLISECONDS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  return {
    begin,
    whenMade,
    async answerOf(responseId, callId, scope, signal) {
      await whenMade(responseId, scope, signal, true);
      const turn = await conversations.find(responseId, scope);
      return turn?.messages.findLast(
        (message): message is ToolAnswer => message.role === 'tool' && message.toolCallId === callId,
      );
    },
  };
}
