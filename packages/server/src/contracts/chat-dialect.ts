import type { AnswerIdentity } from './answer-identity.ts';
import type { ApiDialect } from './api-dialect.ts';
import type { ChatEvent, ChatResult } from './chat-event.ts';
import type { ChatRequest } from './chat-request.ts';
import type { ParsedChoices } from './choices.ts';
import type { ChatField } from './server-error.ts';

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
  /**
   * The answer as a request that reads it later gets it: as it is now, and at last as the caller got it. Absent: such
   * requests read the stored messages.
   */
  renderKept?(): Readonly<Record<string, unknown>>;
  /** The caller ends the answer before it is complete; the events that follow say so. */
  cancel?(): void;
}

/** A request of an API in neutral form. */
export interface ParsedChat {
  readonly request: ChatRequest;
  readonly stream: boolean;
  /** The answer goes on when its caller leaves, and is read later. */
  readonly inBackground?: boolean;
  /** Keys of the body that have no effect, e.g. `draft_model`; the answer lists them in a header. */
  readonly ignored: readonly string[];
  /** The parameter that the caller sent for a field of the request; undefined if it sent none. */
  readonly paramOf: (field: ChatField) => string | undefined;
  readonly answer: (identity: AnswerIdentity) => ChatAnswer;
  /** The caller wants several answers: these are generated in place of the one. */
  readonly choices?: Pick<ParsedChoices, 'requests' | 'answer'>;
}

/** Seals texts that a caller keeps and sends back: only requests of the same caller can open them. */
export interface CallerSeal {
  seal(text: string): string;
  /** Undefined for a text that was sealed for another caller, or changed since. */
  open(sealed: string): string | undefined;
}

/** SEAM. A chat API: parses its body into the neutral request, and renders the neutral events. */
export interface ChatDialect extends ApiDialect {
  /** How long a stream waits for a model to load before it begins; the server's default if absent. */
  readonly patienceMilliseconds?: number;
  /** The heartbeat of its streams; a comment line if absent. */
  readonly heartbeat?: WireEvent;
  /** `lines`: the data of each event is a line of its own; server-sent events if absent. */
  readonly framing?: 'lines';
  /** Throws ServerError with the parameter at fault. */
  parse(body: unknown, seal: CallerSeal): ParsedChat;
}
