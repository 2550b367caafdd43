import type { ReadHeader } from './read-header.ts';

/** The parts of a request that identify the caller. */
export interface PresentedRequest {
  readonly header: ReadHeader;
  /** The IP address at the other end of the connection; `unix` where it is a Unix socket. */
  readonly peer?: string | undefined;
  /** The URL or its path, for tokens in a query. */
  readonly url?: string | undefined;
}
