/** How one call is written. Texts may hold wildcards (see `pattern.ts`); space around them does not matter. */
export type CallBody =
  /** `{"name": …, "arguments": {…}}`, or `{"…": {…}}` where the tool's name is the key. */
  | {
      readonly kind: 'json';
      readonly name: string;
      readonly arguments: string;
      readonly nameIsKey: boolean;
      /** The key of the call's id, and whether it comes first or last. */
      readonly id?: { readonly key: string; readonly first: boolean };
    }
  /** The tool's name, and then its arguments as JSON. */
  | { readonly kind: 'named'; readonly nameEnd: string }
  /** The tool's name, and then each argument between texts of its own. */
  | {
      readonly kind: 'tags';
      readonly nameEnd: string;
      readonly keyOpen: string;
      readonly keyClose: string;
      readonly valueClose: string;
      /** Line breaks around a value belong to the syntax. */
      readonly onLines: boolean;
    }
  /** `name(key='value')` */
  | { readonly kind: 'python' }
  /** `name{key:<quote>value<quote>,other:1}` */
  | { readonly kind: 'braces'; readonly quote: string };

/** How a model writes tool calls. */
export interface CallSyntax {
  /** What begins one or more calls. The first is written where a call is forced; empty: a call has no beginning of its own. */
  readonly open: readonly string[];
  /** What ends them; may be empty. */
  readonly close: string;
  /** The calls are the items of a list. */
  readonly list: boolean;
  /** What begins each call of several, and ends it. */
  readonly callOpen: string;
  readonly callClose: string;
  readonly body: CallBody;
  /**
   * The model was not trained on the syntax, so it would go on and invent the tool's answer: after a call it may only
   * call again or end.
   */
  readonly endsTurn: boolean;
}

/** Two texts around another. */
export interface Enclosure {
  readonly open: string;
  readonly close: string;
}

/** A model's turn as messages to several readers, each with a header of its own. */
export interface ChannelSyntax {
  /** What begins another message; the first one's is part of the prompt. */
  readonly start: string;
  /** What ends a header. */
  readonly headerEnd: string;
  /** What ends a message. */
  readonly ends: readonly string[];
  /** Regular expressions over a header: whose group `name` is the tool that is called, and which headers a thought. */
  readonly call: string;
  readonly reasoning: string;
  /** The header of a call as it is written, where one is forced, with the wildcard for the tool's name. */
  readonly callHeader: string;
  /** The header of an answer. */
  readonly answerHeader: string;
}

/** How a model writes a turn, as data that can cross to another thread. */
export interface TurnSyntax {
  readonly reasoning: Enclosure;
  /** What stands around an answer's text, where something does. */
  readonly content?: Enclosure;
  /** What stands between the parts of a turn, and says nothing. */
  readonly glue?: string;
  readonly calls: CallSyntax;
  readonly channels?: ChannelSyntax;
}
