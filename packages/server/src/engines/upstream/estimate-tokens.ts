import type { GenerateRequest } from '@latchkey/engine';

/** English has about four bytes for each token; code and most other languages have fewer. */
const BYTES_PER_TOKEN = 3;
const TOKENS_PER_MESSAGE = 8;
/** What common vision models use for a picture of medium size. */
const TOKENS_PER_IMAGE = 1024;

/**
 * Estimates the tokens of a prompt, too high rather than too low: a third of its UTF-8 bytes, including tools and
 * schemas, eight for each message and each tool, 1,024 for each image.
 */
export function estimateTokens({ messages, prompt, tools, responseSchema }: GenerateRequest): number {
  let bytes = 0;
  let images = 0;
  for (const message of messages) {
    const parts = message.role === 'system' ? [{ type: 'text' as const, text: message.content }] : message.content;
    for (const part of parts) {
      if (part.type === 'text') bytes += Buffer.byteLength(part.text);
      else if (part.type === 'image') images += 1;
      // Thoughts are not sent.
      else if (part.type === 'tool_call') bytes += jsonBytes(part.arguments) + Buffer.byteLength(part.name);
    }
  }
  bytes += tools.reduce((sum, tool) => sum + jsonBytes(tool), 0);
  if (responseSchema !== undefined) bytes += jsonBytes(responseSchema);
  if (typeof prompt?.text === 'string') bytes += Buffer.byteLength(prompt.text + (prompt.suffix ?? ''));
  const ids = typeof prompt?.text === 'object' ? prompt.text.length : 0;
  const overhead = (messages.length + tools.length) * TOKENS_PER_MESSAGE + images * TOKENS_PER_IMAGE;
  return Math.ceil(bytes / BYTES_PER_TOKEN) + overhead + ids;
}

/** Estimates the tokens of a text in the same way. */
export const estimateText = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
