import type { AdmissionState } from '@latchkey/koa-auth';
import type { Logger } from '../telemetry/logger.ts';

/** What middleware leaves for those after it. */
export interface ServerState extends AdmissionState {
  /** Goes into the log and the `X-Request-Id` header. */
  requestId: string;
  logger: Logger;
  /** Fires when the caller goes away or the server can wait no longer. */
  signal: AbortSignal;
  /** The client's IP address: the other end of the connection, or what a trusted proxy says. */
  address?: string;
  /** What was sent, as the route's row says it is read. */
  body: unknown;
}
