import type { GenerateRequest } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';

/** No tokenizer makes fewer tokens than a sixteenth of a text's bytes, except for very short texts. */
const BYTES_PER_TOKEN = 16;

/**
 * Refuses a conversation that is far too long for `contextLength` tokens before it is sent to an engine, rendered or
 * tokenised: each of those takes time in proportion to its length. Throws ServerError `CONTEXT_EXCEEDED`.
 */
export function refuseFarTooLong({ messages, tools, responseSchema }: GenerateRequest, contextLength: number): void {
  const most = contextLength * BYTES_PER_TOKEN;
  // Each message has at least one token, which marks its beginning.
  if (messages.length > contextLength) throw tooLong(`${messages.length} messages`, contextLength);
  let bytes = 0;
  const pending: unknown[] = [messages, tools, responseSchema];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') bytes += Buffer.byteLength(value);
    else if (isImage(value)) continue;
    else if (typeof value === 'object' && value !== null) {
      for (const [key, child] of Object.entries(value)) {
        if (!Array.isArray(value)) bytes += key.length;
        bytes += 1;
        pending.push(child);
      }
    }
    if (bytes > most + overhead(messages.length + tools.length))
      throw tooLong(`more than ${most} bytes`, contextLength);
  }
}

/** An allowance for the names of our own fields, which are not text of the conversation. */
const overhead = (parts: number): number => 256 + parts * 64;

function isImage(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'image' && 'mediaType' in value
  );
}

function tooLong(what: string, contextLength: number): ServerError {
  return new ServerError(
    'CONTEXT_EXCEEDED',
    `The conversation has ${what}, which cannot fit into a context of ${contextLength} tokens. Shorten it.`,
  );
}
