import type { ApiDialect } from './api-dialect.ts';
import type { ChatEvent, ChatResult } from './chat-event.ts';
import type { ChatRequest } from './chat-request.ts';
import type { ChatField } from './server-error.ts';

/** What the server knows of an answer before there is one. */
export interface AnswerIdentity {
  /** Hexadecimal digits; a dialect puts its own prefix before them. */
  readonly id: string;
  readonly createdAt: Date;
}

/** An event on the wire: its name, where the API names its events, and the text of its data. */
export interface WireEvent {
  readonly name?: string;
  /** Without line breaks. */
  readonly data: string;
}

/** Renders one answer, and remembers what an event needs to know of those before it. */
export interface ChatAnswer {
  /** One event of the chat as those of the API: none, one or several. */
  renderEvent(event: ChatEvent): readonly WireEvent[];
  /** The whole, for a caller that does not stream. */
  renderResult(result: ChatResult): Readonly<Record<string, unknown>>;
}

/** A request of an API in its neutral form. */
export interface ParsedChat {
  readonly request: ChatRequest;
  readonly stream: boolean;
  /** What of the body has no effect, e.g. `draft_model`: the answer lists it in a header. */
  readonly ignored: readonly string[];
  /** What the caller has sent for a field of the request; undefined for what it has not sent. */
  readonly paramOf: (field: ChatField) => string | undefined;
  readonly answer: (identity: AnswerIdentity) => ChatAnswer;
}

/** SEAM. A chat API: its body to the neutral request, the neutral events to its own. */
export interface ChatDialect extends ApiDialect {
  /** How long a model that loads is waited for before a stream begins, where the server's default is not right. */
  readonly patienceMilliseconds?: number;
  /** What breaks a silence of its streams; absent: a comment line. */
  readonly heartbeat?: WireEvent;
  /** Throws ServerError with the parameter that is at fault. */
  parse(body: unknown): ParsedChat;
}
