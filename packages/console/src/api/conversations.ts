import { call } from './call.ts';

/** A stored response without its content. */
export interface ResponseHead {
  readonly id: string;
  readonly model: string;
  readonly project: string | null;
  readonly state: 'running' | 'incomplete' | 'failed' | 'completed';
  readonly created_at: string;
  /** Null for one that is kept as long as the one that continues it. */
  readonly expires_at: string | null;
  readonly previous_response_id: string | null;
}

export type Part =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image'; readonly data_url: string };

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

/** A message as it is stored. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | readonly Part[];
  readonly reasoning?: string;
  readonly tool_calls?: readonly ToolCall[];
  readonly name?: string;
}

export interface StoredResponse extends ResponseHead {
  readonly messages: readonly Message[];
}

export interface ResponsePage {
  readonly responses: readonly ResponseHead[];
  readonly next: string | null;
}

const PATH = '/api/v1/responses';
const PAGE = 100;

export function listResponses(before?: string): Promise<ResponsePage> {
  const query = new URLSearchParams({ limit: String(PAGE), ...(before === undefined ? {} : { before }) });
  return call('GET', `${PATH}?${query}`);
}

export const showResponse = (id: string): Promise<StoredResponse> => call('GET', `${PATH}/${encodeURIComponent(id)}`);

/** Deletes a response and all that continue from it. */
export const deleteResponse = (id: string): Promise<{ readonly deleted: number }> =>
  call('DELETE', `${PATH}/${encodeURIComponent(id)}`);

/** A conversation: its last response, and what of it the loaded list has. */
export interface Conversation {
  readonly last: ResponseHead;
  /** The first response that is in the list. */
  readonly first: ResponseHead;
  /** How many of its responses are in the list. */
  readonly length: number;
}

/**
 * Groups responses into conversations, in the order of their last responses. Of a conversation that branches, each
 * branch is one.
 */
export function toConversations(responses: readonly ResponseHead[]): readonly Conversation[] {
  const byId = new Map(responses.map((response) => [response.id, response]));
  const continued = new Set(responses.map(({ previous_response_id: previous }) => previous));
  return responses
    .filter(({ id }) => !continued.has(id))
    .map((last) => {
      let [first, length] = [last, 1];
      for (let at = parentOf(first, byId); at !== undefined; at = parentOf(first, byId)) {
        first = at;
        length += 1;
      }
      return { last, first, length };
    });
}

const parentOf = (head: ResponseHead, byId: ReadonlyMap<string, ResponseHead>): ResponseHead | undefined =>
  head.previous_response_id === null ? undefined : byId.get(head.previous_response_id);
