import type { Grant } from '@latchkey/auth-core/llm';

/** What an agent is pointed at. */
export interface AgentTarget {
  /** The server, without a path. */
  readonly url: string;
  /** The key of the model that it uses. */
  readonly model: string;
  /** The tokens of context that a request has with it. */
  readonly context: number;
  /** The token that was made for this agent. */
  readonly token: string;
}

/** Settings of an agent, as a text to be copied. */
export interface AgentSettings {
  /** Where they belong. */
  readonly place: string;
  readonly text: string;
  /** The token, and where it is to be entered; absent: it is in the text. */
  readonly key?: string;
}

/** A program that uses models, and how it is pointed at one. */
export interface Agent {
  /** What it is called on the command line. */
  readonly name: string;
  readonly title: string;
  /** Its program, where it has one that can be started. */
  readonly program?: string;
  /** The arguments in front of the caller's own. */
  readonly args?: (target: AgentTarget) => readonly string[];
  /** The variables that point it at the server; the token is in one of them, and in no argument. */
  readonly environment: (target: AgentTarget) => Readonly<Record<string, string>>;
  /** What is to be entered where variables are not read; for `latchkey setup`. */
  readonly settings?: (target: AgentTarget) => AgentSettings;
  /** Variables of another server that would win over these. */
  readonly without?: readonly string[];
  /** What its token may do; the model is added. */
  readonly actions: NonNullable<Grant['actions']>;
}
