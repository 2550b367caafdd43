import type { LlmWords } from '@latchkey/auth-core/llm';
import type { AdmissionState } from '@latchkey/koa-auth';
import type { Logger } from '../telemetry/logger.ts';

/** What middleware leaves for those after it. */
export interface ServerState extends AdmissionState<LlmWords> {
  /** Goes into the log and the `X-Request-Id` header. */
  requestId: string;
  logger: Logger;
  /** Fires when the caller goes away or the server can wait no longer. */
  signal: AbortSignal;
  /** Fires when the server can wait no longer or the caller's token has ended; a caller that goes away does not fire it. */
  ended: AbortSignal;
  /** Resolves when what goes on after the response was closed has ended; absent where nothing does. */
  goesOn?: Promise<void>;
  /** Reads what is about to be streamed, and gives back what is sent in its place. */
  record?: (source: AsyncIterable<string | Uint8Array>) => AsyncIterable<string | Uint8Array>;
  /** The client's IP address: the other end of the connection, or what a trusted proxy says. */
  address?: string;
  /** What was sent, as the route's row says it is read. */
  body: unknown;
}
