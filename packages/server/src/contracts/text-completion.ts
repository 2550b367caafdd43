import type { AnswerIdentity } from './chat-dialect.ts';
import type { ChatEvent, ChatResult } from './chat-event.ts';
import type { ChatRequest } from './chat-request.ts';
import type { ChatField } from './server-error.ts';

/** Renders the answer to all prompts of a request. */
export interface TextAnswer {
  /** Renders one event of the chat with that index as data of events: none, one or several. */
  renderEvent(index: number, event: ChatEvent): readonly string[];
  /** Renders the end of the stream. */
  renderEnd(): readonly string[];
  /** Renders the whole answer, for a caller that does not stream. */
  renderResults(results: readonly ChatResult[]): Readonly<Record<string, unknown>>;
}

/** A request to continue prompts, in neutral form. */
export interface ParsedTextCompletion {
  /** One for each choice of the answer. */
  readonly requests: readonly ChatRequest[];
  readonly stream: boolean;
  /** Keys of the body that have no effect; the answer lists them in a header. */
  readonly ignored: readonly string[];
  /** The parameter that the caller sent for a field of the request; undefined if it sent none. */
  readonly paramOf: (field: ChatField) => string | undefined;
  readonly answer: (identity: AnswerIdentity) => TextAnswer;
}
