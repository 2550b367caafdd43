import type { Principal } from '@latchkey/auth-core';
import type { ChatMessage } from '@latchkey/engine';
import type { ConversationStore, StoredTurn, TurnState, WaitingToolCall } from '../contracts/conversation-store.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { TurnKeeper, TurnRecord } from './chat-turn.ts';

export interface KeepTurnOptions {
  readonly conversations: ConversationStore;
  readonly logger: Logger;
  readonly responseId: string;
  readonly createdAt: string;
  readonly principal: Principal;
  readonly model: string;
  readonly parentId: string | undefined;
  /** The messages of the request. */
  readonly messages: readonly ChatMessage[];
  readonly record: TurnRecord;
}

/** A turn that is stored while it runs, so that its work survives the loss of its caller or its server. */
export interface KeptTurn extends TurnKeeper {
  /** Whether the turn can be continued. */
  readonly isKept: () => boolean;
  /** Stores the complete turn. Rejects when that fails. */
  complete(): Promise<void>;
  /** Stores what there is of an incomplete turn. Never rejects, and stores nothing of a turn that never began. */
  breakOff(state: Extract<TurnState, 'incomplete' | 'failed'>): Promise<void>;
}

/** The same error for a response of another caller, one that never existed, and one that was deleted. */
export function previousNotFound(id: string): ServerError {
  return new ServerError('PREVIOUS_RESPONSE_NOT_FOUND', `There is no response '${id}'.`, {
    field: 'previousResponseId',
  });
}

/** Stores a turn under the id that it has from its beginning. */
export function keepTurn(options: KeepTurnOptions): KeptTurn {
  const { conversations, logger, responseId, createdAt, principal, model, parentId, messages, record } = options;
  let isKept = false;
  let isBegun = false;
  /** The pending call; it stays pending when the turn is interrupted. */
  let open: { readonly waiting?: WaitingToolCall; readonly begun?: string } = {};

  let isDeleted = false;

  async function save(state: TurnState): Promise<void> {
    if (isDeleted) return;
    const turn: StoredTurn = {
      id: responseId,
      owner: principal.rootId,
      madeBy: [...principal.chain, principal.id],
      project: principal.project ?? null,
      model,
      parentId: parentId ?? null,
      messages: [...messages, ...record.added],
      ...open,
      state,
      createdAt,
    };
    if (isKept) isKept = await conversations.update(turn);
    else if (!(await conversations.save(turn))) throw previousNotFound(turn.parentId ?? '');
    // A turn that was deleted while it ran is not stored again.
    isDeleted = !isKept && isBegun;
    isKept = !isDeleted;
    isBegun = true;
  }

  return {
    responseId,
    isKept: () => isKept,
    async progress(next = {}) {
      open = next;
      await save('running');
    },
    async complete() {
      open = {};
      await save('completed');
    },
    async breakOff(state) {
      if (!isKept) return;
      await save(state).catch((error: unknown) => logger.error({ err: error }, 'the end of a turn could not be kept'));
    },
  };
}
