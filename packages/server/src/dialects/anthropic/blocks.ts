import { createHash } from 'node:crypto';
import type { InputPart } from '@latchkey/engine';
import type { ChatResult, ChatStats, ToolOrigin } from '../../contracts/chat-event.ts';

type Json = Record<string, unknown>;

/** A call that the server makes. */
export const toolUse = (id: string, name: string, origin: ToolOrigin): Json => ({
  type: 'mcp_tool_use',
  id,
  name,
  server_name: origin.type === 'plugin' ? origin.pluginId : origin.serverLabel,
});

/** The result of that call. */
export const toolResult = (id: string, isError: boolean, content: readonly InputPart[]): Json => ({
  type: 'mcp_tool_result',
  tool_use_id: id,
  is_error: isError,
  content: content.flatMap((part) => (part.type === 'text' ? [{ type: 'text', text: part.text }] : [])),
});

/** The signature that clients send back with a thought. It proves nothing: a caller controls its own history. */
export const signatureOf = (thought: string): string => createHash('sha256').update(thought).digest('base64');

/** Why the message ended. */
export function renderEnd({ finishReason, stopString, output }: ChatResult, isWarmUp: boolean): Json {
  // A call that was cut off does not count: a client that read `tool_use` would run it.
  if (isWarmUp || finishReason === 'length') return { stop_reason: 'max_tokens', stop_sequence: null };
  if (output.some(({ type }) => type === 'client_tool_call')) return { stop_reason: 'tool_use', stop_sequence: null };
  if (finishReason === 'stop_string') return { stop_reason: 'stop_sequence', stop_sequence: stopString ?? null };
  return { stop_reason: 'end_turn', stop_sequence: null };
}

/** In this API, `input_tokens` does not include cached tokens. */
export const renderUsage = (
  {
    inputTokens,
    cachedInputTokens,
    outputTokens,
  }: Pick<ChatStats, 'inputTokens' | 'cachedInputTokens' | 'outputTokens'>,
  isWarmUp: boolean,
): Json => ({
  input_tokens: inputTokens - cachedInputTokens,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: cachedInputTokens,
  output_tokens: isWarmUp ? 0 : outputTokens,
});
