import type { AnswerIdentity } from './answer-identity.ts';
import type { ChatEvent, ChatResult } from './chat-event.ts';
import type { ChatRequest } from './chat-request.ts';
import type { ChatField } from './server-error.ts';

/** Renders the answer to a request with several choices, each of which is a chat of its own. */
export interface ChoicesAnswer {
  /** Renders one event of the chat with that index as data of events: none, one or several. */
  renderEvent(index: number, event: ChatEvent): readonly string[];
  /** Renders the end of the stream. */
  renderEnd(): readonly string[];
  /** Renders the whole answer, for a caller that does not stream. */
  renderResults(results: readonly ChatResult[]): Readonly<Record<string, unknown>>;
}

/** A request that may have several choices, in neutral form. */
export interface ParsedChoices {
  /** One for each choice of the answer. */
  readonly requests: readonly ChatRequest[];
  readonly stream: boolean;
  /** Keys of the body that have no effect; the answer lists them in a header. */
  readonly ignored: readonly string[];
  /** The parameter that the caller sent for a field of the request; undefined if it sent none. */
  readonly paramOf: (field: ChatField) => string | undefined;
  readonly answer: (identity: AnswerIdentity) => ChoicesAnswer;
}
