/** The syntax of one call. Texts may contain wildcards (see `pattern.ts`); space around them is ignored. */
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
  /** The tool's name, and then each argument between its own opening and closing text. */
  | {
      readonly kind: 'tags';
      readonly nameEnd: string;
      readonly keyOpen: string;
      readonly keyClose: string;
      readonly valueClose: string;
      /** Whether line breaks around a value belong to the syntax. */
      readonly onLines: boolean;
    }
  /** `name(key='value')` */
  | { readonly kind: 'python' }
  /** `name{key:<quote>value<quote>,other:1}` */
  | { readonly kind: 'braces'; readonly quote: string };

/** How a model writes tool calls. */
export interface CallSyntax {
  /**
   * The markers that open one or more calls. The first is written where a call is forced; if it is empty, calls have no
   * opening marker.
   */
  readonly open: readonly string[];
  /** The marker that closes them; may be empty. */
  readonly close: string;
  /** Whether the calls are the items of a list. */
  readonly list: boolean;
  /** The markers that open and close each of several calls. */
  readonly callOpen: string;
  readonly callClose: string;
  readonly body: CallBody;
  /**
   * True when the model was not trained on the syntax and would continue by inventing the tool's answer: after a call
   * it may only call again or end.
   */
  readonly endsTurn: boolean;
}

/** The two texts that enclose another one. */
export interface Enclosure {
  readonly open: string;
  readonly close: string;
}

/** A model's turn as messages to several recipients, each with a header. */
export interface ChannelSyntax {
  /** The marker that begins a further message; that of the first one is part of the prompt. */
  readonly start: string;
  /** The marker that ends a header. */
  readonly headerEnd: string;
  /** The markers that end a message. */
  readonly ends: readonly string[];
  /** Regular expressions for headers: of a call, with the tool's name in the group `name`, and of a thought. */
  readonly call: string;
  readonly reasoning: string;
  /** The header that is written to force a call, with the wildcard for the tool's name. */
  readonly callHeader: string;
  /** The header of an answer. */
  readonly answerHeader: string;
}

/** How a model writes a turn, as data that can cross to another thread. */
export interface TurnSyntax {
  readonly reasoning: Enclosure;
  /** The markers around an answer's text, if there are any. */
  readonly content?: Enclosure;
  /** A text between the parts of a turn that has no meaning. */
  readonly glue?: string;
  readonly calls: CallSyntax;
  readonly channels?: ChannelSyntax;
}
