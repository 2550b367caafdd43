import type { ChatMessage } from '@latchkey/engine';

/** A tool call at the end of a turn that waits for a person. */
export interface WaitingToolCall {
  /** The id of a call in the last assistant message. */
  readonly callId: string;
  readonly approvalId: string;
}

/**
 * The state of a turn. `running`: it runs, or its server was killed while it did. `incomplete`: its caller left or was
 * disconnected. `failed`: an error ended it. `completed`: it is whole. A turn in any state can be continued.
 */
export type TurnState = 'running' | 'incomplete' | 'failed' | 'completed';

/** One stored turn: the messages that the request added, and the model's answer. */
export interface StoredTurn {
  /** `resp_` and 48 hexadecimal digits. */
  readonly id: string;
  /** The root token of the caller's chain; no other caller finds this turn. */
  readonly owner: string;
  /** Every id of the caller's chain: the tokens with these ids may see it. */
  readonly madeBy: readonly string[];
  readonly project: string | null;
  readonly model: string;
  readonly parentId: string | null;
  readonly messages: readonly ChatMessage[];
  /** Present while the turn has got no further. */
  readonly waiting?: WaitingToolCall;
  readonly state: TurnState;
  /** A call that is about to be made or is being made: its result is unknown until its answer is stored. */
  readonly begun?: string;
  /** The answer as the API that made it renders it, if that was kept: JSON. */
  readonly answer?: string;
  readonly createdAt: string;
}

/** A turn with everything before it. */
export interface StoredConversation {
  /** Oldest first. */
  readonly messages: readonly ChatMessage[];
  /** The pending call of the last turn. */
  readonly waiting?: WaitingToolCall;
  /** The started call of the last turn; it must not be made again. */
  readonly begun?: string;
}

/** A stored turn without its content. */
export interface TurnHead
  extends Pick<StoredTurn, 'id' | 'project' | 'model' | 'parentId' | 'state' | 'waiting' | 'createdAt'> {
  /** Whether a newer turn continues it, so that it is kept as long as that one; absent where turns do not expire. */
  readonly isContinued?: boolean;
}

/** Selects turns. */
export interface TurnScope {
  readonly owner: string;
  /** Only turns of this project, or of none for null; absent: turns of all projects. */
  readonly project?: string | null;
  /** Only turns of the token with this id and of tokens derived from it; absent: all turns of the owner. */
  readonly madeBy?: string;
}

/** Shows whether a stored turn is still running on some server. */
export interface TurnPulse extends Pick<StoredTurn, 'state' | 'waiting' | 'begun'> {
  /** Increases while the server on which the turn runs is alive. */
  readonly beats: number;
}

/** SEAM. Stores conversations for `previous_response_id`. Built in: `conversations/kysely-conversation-store`. */
export interface ConversationStore {
  /** The database of the transactions that `remove` can write in; absent if there is none. */
  readonly database?: object;
  /** Stores a new turn; false when its parent no longer exists. Rejects when a turn with that id exists. */
  save(turn: StoredTurn): Promise<boolean>;
  /** Stores the progress of a turn; false when it no longer exists. */
  update(turn: StoredTurn): Promise<boolean>;
  /** Lists turns, newest first, from before this place in the order, whether a turn is still there or not. */
  list(
    scope: TurnScope,
    page: { readonly limit: number; readonly before?: Pick<TurnHead, 'createdAt' | 'id'> },
  ): Promise<readonly TurnHead[]>;
  /** Keeps the rendered answer of a turn of this owner. Absent: answers are read from their messages. */
  keepAnswer?(id: string, owner: string, answer: string): Promise<void>;
  /** One turn with the messages that it added; undefined when it is not in the scope. */
  find(id: string, scope: TurnScope): Promise<(TurnHead & Pick<StoredTurn, 'messages' | 'answer'>) | undefined>;
  /**
   * Deletes a turn and all that continue from it, in the transaction if one is given. Returns the number of deleted
   * turns: 0 when the turn is not in the scope.
   */
  remove(id: string, scope: TurnScope, transaction?: unknown): Promise<number>;
  /**
   * The conversation up to and including turn `id`; undefined when it is not in the scope. Any turn may be continued
   * several times: conversations are trees.
   */
  load(id: string, scope: TurnScope): Promise<StoredConversation | undefined>;
  /** Increases the beats of turns that are still running. */
  beat(ids: readonly string[]): Promise<void>;
  /** Whether a turn is still running; undefined when it is not in the scope. */
  pulse(id: string, scope: TurnScope): Promise<TurnPulse | undefined>;
  /** Marks a running turn as incomplete, unless its beats have increased. */
  abandon(id: string, beats: number): Promise<void>;
}
