import type { RequestId } from '@modelcontextprotocol/client';

/** A line that is too long to be kept: its size, its beginning and its end. */
export interface LongLine {
  readonly bytes: number;
  readonly head: string;
  readonly tail: string;
}

const id = String.raw`"id"\s*:\s*(-?\d+|"[^"\\]{0,128}")`;
const version = String.raw`"jsonrpc"\s*:\s*"2\.0"`;
const idFirst = new RegExp(String.raw`^\uFEFF?\s*\{\s*(?:${version}\s*,\s*)?${id}\s*,`);
/** The last brace of a message closes the message itself, so this id is the message's. */
const idLast = new RegExp(String.raw`,\s*${id}\s*(?:,\s*${version}\s*)?\}\s*$`);

const method = new RegExp(String.raw`^\uFEFF?\s*\{\s*(?:${version}\s*,\s*)?(?:${id}\s*,\s*)?"method"\s*:`);

/**
 * Returns which of the waiting requests a message answers that was too long to be kept: the one whose id shows at an
 * edge, none if it is a message of the server's own, otherwise all, since each may be the one.
 */
export function answeredByLongLine({ head, tail }: LongLine, waiting: Iterable<RequestId>): readonly RequestId[] {
  if (method.test(head)) return [];
  const written = (idFirst.exec(head) ?? idLast.exec(tail))?.[1];
  return written === undefined ? [...waiting] : [JSON.parse(written) as RequestId];
}
