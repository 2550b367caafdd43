import type { TurnState } from '../contracts/conversation-store.ts';

/** The tables that the server keeps beside auth-core's. */
export interface ConversationTables {
  conversation_turn: ConversationTurnTable;
}

export interface ConversationTurnTable {
  id: string;
  owner: string;
  /** JSON of the ids of the tokens that may see it; null in rows that are older than the column: the owner alone. */
  made_by: string | null;
  project: string | null;
  model: string;
  parent_id: string | null;
  /** JSON of ChatMessage[]. */
  messages: string;
  /** JSON of WaitingToolCall. */
  waiting: string | null;
  /** Null in rows that are older than the column: they are completed. */
  state: TurnState | null;
  /** The id of a call that was about to be made. */
  begun: string | null;
  /** Increases while the turn runs; null in rows that are older than the column. */
  beat: number | null;
  created_at: string;
}
