/** The tables that the server keeps beside auth-core's. */
export interface ConversationTables {
  conversation_turn: ConversationTurnTable;
}

export interface ConversationTurnTable {
  id: string;
  owner: string;
  project: string | null;
  model: string;
  parent_id: string | null;
  /** JSON of ChatMessage[]. */
  messages: string;
  /** JSON of WaitingToolCall. */
  waiting: string | null;
  created_at: string;
}
