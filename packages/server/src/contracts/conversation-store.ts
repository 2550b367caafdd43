import type { ChatMessage } from '@latchkey/engine';

/** A tool call at the end of a turn that waits for a person. */
export interface WaitingToolCall {
  /** One of the last assistant message. */
  readonly callId: string;
  readonly approvalId: string;
}

/**
 * How far a turn has got: it runs (or its server was killed while it did), its caller has left or was sent away, an error
 * has ended it, or it is whole. Each can be gone on from.
 */
export type TurnState = 'running' | 'incomplete' | 'failed' | 'completed';

/** One stored turn: what the request added and what the model answered. */
export interface StoredTurn {
  /** `resp_` and 48 hexadecimal digits. */
  readonly id: string;
  /** The root token of the caller's chain: nobody else finds this turn. */
  readonly owner: string;
  /** Every id of the caller's chain: the tokens with these ids may see it. */
  readonly madeBy: readonly string[];
  readonly project: string | null;
  readonly model: string;
  readonly parentId: string | null;
  readonly messages: readonly ChatMessage[];
  /** Present as long as the turn has got no further. */
  readonly waiting?: WaitingToolCall;
  readonly state: TurnState;
  /** A call that is about to be made, or is being made: what came of it is not known until its answer is kept. */
  readonly begun?: string;
  readonly createdAt: string;
}

/** What came before a turn, and the turn. */
export interface StoredConversation {
  /** Oldest first. */
  readonly messages: readonly ChatMessage[];
  /** Of the last turn. */
  readonly waiting?: WaitingToolCall;
  /** Of the last turn; it must not be made again. */
  readonly begun?: string;
}

/** What is known of a stored turn without its words. */
export type TurnHead = Pick<StoredTurn, 'id' | 'project' | 'model' | 'parentId' | 'state' | 'waiting' | 'createdAt'>;

/** Whose turns are looked at. */
export interface TurnScope {
  readonly owner: string;
  /** Only those of this project, or of none; absent: of all. */
  readonly project?: string | null;
  /** Only those of the token with this id, and of what was derived from it; absent: all of the owner. */
  readonly madeBy?: string;
}

/** What shows whether a stored turn still runs somewhere. */
export interface TurnPulse extends Pick<StoredTurn, 'state' | 'waiting' | 'begun'> {
  /** Increases as long as the server on which the turn runs is alive. */
  readonly beats: number;
}

/** SEAM. Keeps conversations for `previous_response_id`. Built in: `conversations/kysely-conversation-store`. */
export interface ConversationStore {
  /** The database whose transactions `remove` can write in; absent when it has none. */
  readonly database?: object;
  /** Keeps a new turn; false when its parent is not there any more. Rejects when there is a turn of that id. */
  save(turn: StoredTurn): Promise<boolean>;
  /** Keeps how far a turn has got since; false when it is not there any more. */
  update(turn: StoredTurn): Promise<boolean>;
  /** The newest first; those before the turn `before`, which must be one of them. Undefined when it is not. */
  list(
    scope: TurnScope,
    page: { readonly limit: number; readonly before?: string },
  ): Promise<readonly TurnHead[] | undefined>;
  /** One turn with what it added; undefined when there is none in that scope. */
  find(id: string, scope: TurnScope): Promise<(TurnHead & Pick<StoredTurn, 'messages'>) | undefined>;
  /**
   * Deletes a turn and all that goes on from it, in the transaction if one is given, and says how many these were: 0 when
   * there is none in that scope.
   */
  remove(id: string, scope: TurnScope, transaction?: unknown): Promise<number>;
  /**
   * All up to and with turn `id`; undefined when there is none in that scope. Any turn may be continued several times:
   * conversations are trees.
   */
  load(id: string, scope: TurnScope): Promise<StoredConversation | undefined>;
  /** Increases the beats of turns that still run. */
  beat(ids: readonly string[]): Promise<void>;
  /** Whether a turn still runs; undefined when there is none in that scope. */
  pulse(id: string, scope: TurnScope): Promise<TurnPulse | undefined>;
  /** Marks a running turn as incomplete, unless its beats have increased. */
  abandon(id: string, beats: number): Promise<void>;
}
