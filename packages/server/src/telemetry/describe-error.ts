import { stdSerializers } from 'pino';

/**
 * What the log has of an error: its kind, message, stack and code, those of its causes among them, and nothing else that hangs
 * on it. Node's own errors carry what was sent (`rawPacket`), those of databases the values of a query.
 */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  const { code } = error as { readonly code?: unknown };
  return { type, message, stack, ...(typeof code === 'string' ? { code } : {}) };
}
