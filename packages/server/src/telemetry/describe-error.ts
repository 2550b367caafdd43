import { stdSerializers } from 'pino';

/**
 * What the log records of an error and its causes: kind, message, stack and code. Other properties are left out: Node's
 * errors carry the data that was sent (`rawPacket`), those of databases the values of a query.
 */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack } = stdSerializers.err(error);
  const { code } = error as { readonly code?: unknown };
  return { type, message, stack, ...(typeof code === 'string' ? { code } : {}) };
}
