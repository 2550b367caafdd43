import type { ApiDialect } from './api-dialect.ts';
import type { ChatEvent, ChatResult } from './chat-event.ts';
import type { ChatRequest } from './chat-request.ts';
import type { ChatField } from './server-error.ts';

/** The identity of an answer, known before the answer is generated. */
export interface AnswerIdentity {
  /** Hexadecimal digits; a dialect adds its own prefix. */
  readonly id: string;
  readonly createdAt: Date;
}

/** An event on the wire: its name, if the API names its events, and the text of its data. */
export interface WireEvent {
  readonly name?: string;
  /** Without line breaks. */
  readonly data: string;
}

/** Renders one answer, and keeps the state that later events need. */
export interface ChatAnswer {
  /** Renders one event of the chat as events of the API: none, one or several. */
  renderEvent(event: ChatEvent): readonly WireEvent[];
  /** Renders the whole answer, for a caller that does not stream. */
  renderResult(result: ChatResult): Readonly<Record<string, unknown>>;
}

/** A request of an API in neutral form. */
export interface ParsedChat {
  readonly request: ChatRequest;
  readonly stream: boolean;
  /** Keys of the body that have no effect, e.g. `draft_model`; the answer lists them in a header. */
  readonly ignored: readonly string[];
  /** The parameter that the caller sent for a field of the request; undefined if it sent none. */
  readonly paramOf: (field: ChatField) => string | undefined;
  readonly answer: (identity: AnswerIdentity) => ChatAnswer;
}

/** SEAM. A chat API: parses its body into the neutral request, and renders the neutral events. */
export interface ChatDialect extends ApiDialect {
  /** How long a stream waits for a model to load before it begins; the server's default if absent. */
  readonly patienceMilliseconds?: number;
  /** The heartbeat of its streams; a comment line if absent. */
  readonly heartbeat?: WireEvent;
  /** Throws ServerError with the parameter at fault. */
  parse(body: unknown): ParsedChat;
}
