import type { TurnState } from '../contracts/conversation-store.ts';

/** The table of conversations. */
export interface ConversationTables {
  conversation_turn: ConversationTurnTable;
}

export interface ConversationTurnTable {
  id: string;
  owner: string;
  /** JSON of the ids of the tokens that may see it; null in rows from before the column: only the owner. */
  made_by: string | null;
  project: string | null;
  model: string;
  parent_id: string | null;
  /** JSON of ChatMessage[]. */
  messages: string;
  /** JSON of WaitingToolCall. */
  waiting: string | null;
  /** Null in rows from before the column: these are completed. */
  state: TurnState | null;
  /** The id of a call that was about to be made. */
  begun: string | null;
  /** Increases while the turn runs; null in rows from before the column. */
  beat: number | null;
  /** JSON of the answer as its API rendered it; null where that was not kept. */
  answer: string | null;
  created_at: string;
}
