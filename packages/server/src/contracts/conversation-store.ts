import type { ChatMessage } from './chat-message.ts';

/** One stored turn: what the request added and what the model answered. */
export interface StoredTurn {
  /** `resp_` and 48 hexadecimal digits. */
  readonly id: string;
  /** The root token of the caller's chain: nobody else finds this turn. */
  readonly owner: string;
  readonly project: string | null;
  readonly model: string;
  readonly parentId: string | null;
  readonly messages: readonly ChatMessage[];
  readonly createdAt: string;
}

/** SEAM. Keeps conversations for `previous_response_id`. Built in: `conversations/kysely-conversation-store`. */
export interface ConversationStore {
  save(turn: StoredTurn): Promise<void>;
  /**
   * All messages up to and with turn `id`, oldest first; undefined when there is none of that id, owner and project.
   * Any turn may be continued several times: conversations are trees.
   */
  load(id: string, owner: string, project: string | null): Promise<readonly ChatMessage[] | undefined>;
}
