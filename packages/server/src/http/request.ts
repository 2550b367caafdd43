import type { Readable } from 'node:stream';

/** A request as an adapter hands it over, of HTTP or of a socket: nothing in it belongs to a framework. */
export interface IncomingRequest {
  readonly method: string;
  /** Path and query, as they were sent. */
  readonly target: string;
  /** Name, value, name, value: every line, as it was sent. */
  readonly rawHeaders: readonly string[];
  readonly connection: Connection;
  /** The bytes of the body; they are read by the step that reads bodies, and nowhere else. */
  readonly body: Readable;
  /** Listens for the end of the exchange, and is called at once when it has ended before. */
  onEnd(listener: (end: ExchangeEnd) => void): void;
}

/** The two ends of a connection; on a socket of the file system neither has an address. */
export interface Connection {
  readonly remoteAddress?: string | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** How an exchange has ended. */
export interface ExchangeEnd {
  readonly status: number;
  /** Whether the caller was given the whole answer; otherwise one side has left before. */
  readonly whole: boolean;
}
