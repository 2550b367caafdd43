import type { Readable } from 'node:stream';

/** A request as an adapter passes it on. It is independent of frameworks and of the kind of socket. */
export interface IncomingRequest {
  readonly method: string;
  /** Path and query, unchanged. */
  readonly target: string;
  /** Name, value, name, value: every line, unchanged. */
  readonly rawHeaders: readonly string[];
  readonly connection: Connection;
  /** The bytes of the body; only the step that reads bodies consumes them. */
  readonly body: Readable;
  /** Fires when the caller wants no more of the answer, and still reads it; absent where it can only leave. */
  readonly cancelled?: AbortSignal;
  /** Calls the listener when the exchange ends, or at once if it has ended already. */
  onEnd(listener: (end: ExchangeEnd) => void): void;
}

/** The two ends of a connection. On a Unix socket neither has an address, and the other end is `unix`. */
export interface Connection {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** How an exchange ended. */
export interface ExchangeEnd {
  readonly status: number;
  /** Whether the whole answer was sent; false when either side closed the connection before. */
  readonly whole: boolean;
}
