import { type JSONRPCErrorResponse, ProtocolError, type RequestId } from '@modelcontextprotocol/client';

/** Why a request gets no answer, although its server runs: it was too large, or the stream that was to carry it ended. */
type LossKind = 'too-large' | 'stream-ended';

interface Loss {
  readonly kind: LossKind;
  readonly text: string;
}

/** By the data of the error: a server cannot make such an answer itself. */
const losses = new WeakMap<object, Loss>();

/** An answer that ends one request at once, in place of the one that was lost. */
export function lostAnswer(id: RequestId, kind: LossKind, text: string): JSONRPCErrorResponse {
  const data = {};
  losses.set(data, { kind, text });
  return { jsonrpc: '2.0', id, error: { code: -32603, message: text, data } };
}

/** Returns the error that a caller should see for a lost answer; any other error is returned as it is. */
export function explainLoss(error: unknown): unknown {
  if (!ProtocolError.isInstance(error) || typeof error.data !== 'object' || error.data === null) return error;
  const loss = losses.get(error.data);
  if (loss === undefined) return error;
  if (loss.kind === 'too-large') return new RangeError(loss.text, { cause: error });
  return new Error(loss.text, { cause: error });
}
