import type { DecisionQuestion } from '@latchkey/engine';
import type { ApiDialect } from './api-dialect.ts';
import type { ChatField } from './server-error.ts';

/** A request for decisions in the neutral form that every API is parsed into. */
export interface DecisionsRequest {
  /** A model key or an alias, as in the request. */
  readonly model: string;
  readonly state: string;
  readonly questions: readonly DecisionQuestion[];
  /** How long the model stays loaded when nothing uses it, for a token that may load it. */
  readonly keepAliveMilliseconds?: number;
}

/** The decisions of a request, and what they took. */
export interface DecisionsResult {
  /** For each question, the share of each of its options; their sum is 1. */
  readonly probabilities: readonly (readonly number[])[];
  readonly promptTokens: number;
  readonly cachedTokens: number;
}

/** A request of an API in neutral form. */
export interface ParsedDecisions {
  readonly request: DecisionsRequest;
  /** Keys of the body that have no effect; the answer lists them in a header. */
  readonly ignored: readonly string[];
  /** The parameter that the caller sent for a field of the request; undefined if it sent none. */
  readonly paramOf: (field: ChatField) => string | undefined;
  /** The body of the answer. */
  readonly render: (result: DecisionsResult) => object;
}

/** SEAM. An API for decisions: parses its body, and renders the probabilities. */
export interface DecisionsDialect extends ApiDialect {
  /** Throws ServerError with the parameter at fault. */
  parse(body: unknown): ParsedDecisions;
}
