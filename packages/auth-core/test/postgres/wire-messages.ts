/** A message of PostgreSQL's protocol: its type and all its bytes. A client's first message has no type. */
export interface Message {
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts a stream of bytes into messages. */
export function createMessageReader(take: (message: Message) => void, { startup = false } = {}) {
  let rest = Buffer.alloc(0);
  let started = !startup;

  function next(): Message | undefined {
    const head = started ? 1 : 0;
    if (rest.length < head + 4) return undefined;
    const length = head + rest.readUInt32BE(head);
    if (rest.length < length) return undefined;
    const bytes = rest.subarray(0, length);
    rest = rest.subarray(length);
    if (started) return { type: String.fromCharCode(bytes[0] ?? 0), bytes };
    // A request for encryption comes before the first message.
    if (length !== 8) started = true;
    return { type: 'startup', bytes };
  }

  return {
    push(chunk: Buffer): void {
      rest = Buffer.concat([rest, chunk]);
      for (let message = next(); message !== undefined; message = next()) take(message);
    },
  };
}
