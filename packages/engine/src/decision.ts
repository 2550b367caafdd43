import type { QueueShare } from './generation.ts';

/** One answer that a question may have. */
export interface DecisionOption {
  /** What the model would answer, e.g. `billing`; not empty, and different from the other options of its question. */
  readonly text: string;
  /** What it means; absent: what it says. */
  readonly description?: string;
}

/** A question about a state, with all answers that it may have. */
export interface DecisionQuestion {
  /** Whether something is true (two options: yes and no), which option fits, or where on a scale (from low to high). */
  readonly type: 'predicate' | 'choice' | 'score';
  /** Absent: the options say what is asked. */
  readonly instructions?: string;
  /** At least one. */
  readonly options: readonly DecisionOption[];
}

/** The request for the probabilities of answers. Nothing is generated. */
export interface DecideRequest {
  /** What is asked about. All text in it is data: it must never become a control token. */
  readonly state: string;
  /** At least one. A question is answered as if it were the only one. */
  readonly questions: readonly DecisionQuestion[];
  /** The scope within which cached prompts are reused; they are never shared between two scopes. */
  readonly cacheScope: string;
  readonly share: QueueShare;
}

/** How probable the answers are, in the order of the questions and of their options. */
export interface Decisions {
  /** Those of one question are the shares of its options, and their sum is 1. All questions, unless it was aborted. */
  readonly probabilities: readonly (readonly number[])[];
  /** The tokens of the state, once, and those of each question and its options. */
  readonly promptTokens: number;
  /** How many of these were found in the cache. */
  readonly cachedTokens: number;
}

/** Answers questions with probabilities. */
export interface Decider {
  /**
   * Reads the state once, and scores the options of each question; at most `parallel` requests run at once, together
   * with turns. When `signal` fires, it ends soon, with the questions that are answered by then. Throws EngineError
   * `CONTEXT_EXCEEDED` for a question that does not fit together with the state: nothing is ever cut off;
   * `INVALID_REQUEST` for options that cannot be told apart, and otherwise as `generate` does.
   */
  decide(request: DecideRequest, signal: AbortSignal): Promise<Decisions>;
  /** How many tokens `decide` would count, without reading them; see `tokenCounting`. Throws as `countPrompt` does. */
  count(request: DecideRequest, signal: AbortSignal): Promise<number>;
}
