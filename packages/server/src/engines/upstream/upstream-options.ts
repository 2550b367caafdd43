import type { ReasoningEffort } from '@latchkey/engine';

/** A model of an upstream server, with properties that the server does not report. */
export interface UpstreamModelOptions {
  /** The upstream server's name for the model. */
  readonly name: string;
  /** Tokens of context for each request; absent: what the server reports, or 4096. */
  readonly contextLength?: number | undefined;
  readonly vision?: boolean | undefined;
  /** Whether it makes embeddings instead of answers. */
  readonly embeddings?: boolean | undefined;
  readonly reasoning?: readonly ReasoningEffort[] | undefined;
}

/** Servers that speak OpenAI's API and serve the same models. */
export interface UpstreamOptions {
  /** The prefix of the keys of models that are not named in `models`. */
  readonly name: string;
  /** Each with its path, e.g. `http://10.0.0.5:8000/v1`. */
  readonly urls: readonly string[];
  /** Sent as a bearer token, to these URLs and nowhere else. */
  readonly apiKey?: string | undefined;
  /** Our key → theirs; absent: all models that the servers list, as `<name>/<their name>`. */
  readonly models?: Readonly<Record<string, UpstreamModelOptions>> | undefined;
  /** Send a `cache_salt` for each scope. The servers must support it, as vLLM does. */
  readonly cacheSalt: boolean;
  /** How many requests each model runs at once; absent: the number that it is opened with. */
  readonly parallel?: number | undefined;
  /** How long the first byte of an answer may take, prompt included. */
  readonly firstByteMilliseconds: number;
  /** How long an answer may be silent once it has begun. */
  readonly silenceMilliseconds: number;
  readonly fetch?: typeof fetch;
  readonly now?: () => number;
}
