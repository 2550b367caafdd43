import type { EmbedRequest, GenerateRequest } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';

/** No tokenizer makes fewer tokens than a sixteenth of a text's bytes, except for very short texts. */
const BYTES_PER_TOKEN = 16;

/**
 * Refuses a conversation that is far too long for `contextLength` tokens before it is sent to an engine, rendered or
 * tokenised: each of those takes time in proportion to its length. Throws ServerError `CONTEXT_EXCEEDED`.
 */
export function refuseFarTooLong(
  { messages, prompt, tools, responseSchema }: GenerateRequest,
  contextLength: number,
): void {
  const most = contextLength * BYTES_PER_TOKEN;
  // Each message has at least one token, which marks its beginning.
  if (messages.length > contextLength) throw exceeded(`${messages.length} messages`, contextLength);
  if (Array.isArray(prompt?.text) && prompt.text.length > contextLength) {
    throw exceeded(`${prompt.text.length} tokens`, contextLength);
  }
  let bytes = 0;
  const pending: unknown[] = [messages, prompt, tools, responseSchema];
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
      throw exceeded(`more than ${most} bytes`, contextLength);
  }
}

/** An input of a few words may have fewer tokens than its bytes suggest. */
const SHORT_INPUT = 256;

/**
 * The inputs for embeddings as they are sent to an engine: those that are far too long for `contextLength` tokens are
 * refused, or cut where that was asked for. Throws ServerError `CONTEXT_EXCEEDED`.
 */
export function fitInputs({ inputs, tooLong }: EmbedRequest, contextLength: number): EmbedRequest['inputs'] {
  const mostBytes = mostBytesOf(contextLength);
  return inputs.map((input) => {
    const [length, most, what] =
      typeof input === 'string'
        ? [Buffer.byteLength(input), mostBytes, `more than ${mostBytes} bytes`]
        : [input.length, contextLength, `${input.length} tokens`];
    if (length <= most) return input;
    if (tooLong === 'cut') return input.slice(0, most);
    throw new ServerError(
      'CONTEXT_EXCEEDED',
      `An input has ${what}; the model takes ${contextLength} tokens. Split it.`,
      {
        field: 'inputs',
      },
    );
  });
}

/** The most bytes of a text that may fit into a context. */
export const mostBytesOf = (contextLength: number): number => contextLength * BYTES_PER_TOKEN + SHORT_INPUT;

/** An allowance for the names of our own fields, which are not text of the conversation. */
const overhead = (parts: number): number => 256 + parts * 64;

function isImage(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'image' && 'mediaType' in value
  );
}

function exceeded(what: string, contextLength: number): ServerError {
  return new ServerError(
    'CONTEXT_EXCEEDED',
    `The conversation has ${what}, which cannot fit into a context of ${contextLength} tokens. Shorten it.`,
  );
}
