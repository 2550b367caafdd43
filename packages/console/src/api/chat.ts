import { send } from './call.ts';
import { readEvents } from './read-events.ts';

/** An MCP server whose tools a chat may use: all of them, or some. */
export type Integration =
  | string
  | { readonly type: 'plugin'; readonly id: string; readonly allowed_tools: readonly string[] };

/** The body of a chat, as LM Studio's API takes it. */
export interface ChatBody {
  readonly model: string;
  readonly input: string;
  readonly stream: true;
  readonly system_prompt?: string;
  readonly integrations?: readonly Integration[];
  readonly temperature?: number;
  readonly max_output_tokens?: number;
  readonly reasoning?: string;
  readonly previous_response_id?: string;
}

export interface ChatStats {
  readonly input_tokens: number;
  readonly total_output_tokens: number;
  readonly tokens_per_second: number;
}

/** The events of a chat that are shown; others are passed over. */
export type ChatEvent =
  | { readonly type: 'chat.start'; readonly response_id?: string }
  | { readonly type: 'model_load.start' | 'model_load.end' | 'message.start' | 'reasoning.start' }
  | { readonly type: 'model_load.progress'; readonly progress: number }
  | { readonly type: 'message.delta' | 'reasoning.delta'; readonly content: string }
  | { readonly type: 'tool_call.start'; readonly tool: string; readonly provider_info?: ToolProvider }
  | ({ readonly type: 'tool_call.arguments' } & RunningCall)
  | ({ readonly type: 'tool_call.approval_required'; readonly approval_id: string } & RunningCall)
  | ({ readonly type: 'tool_call.success'; readonly output: unknown } & RunningCall)
  | {
      readonly type: 'tool_call.failure';
      readonly reason: string;
      readonly metadata: { readonly tool_name: string; readonly arguments?: unknown };
    }
  | { readonly type: 'error'; readonly error: { readonly message: string } }
  | { readonly type: 'chat.end'; readonly result: { readonly stats: ChatStats; readonly response_id?: string } };

export interface ToolProvider {
  readonly plugin_id?: string;
  readonly server_label?: string;
}

interface RunningCall {
  readonly tool: string;
  readonly arguments: unknown;
  readonly provider_info?: ToolProvider;
}

const PATH = '/api/v1/chat';

/** Chats, and yields the events of the answer as they come. When the signal fires, the server stops as well. */
export async function* streamChat(body: ChatBody, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const answer = await send('POST', PATH, { body, accept: 'text/event-stream', signal, endsWithPage: true });
  for await (const data of readEvents(answer)) yield JSON.parse(data) as ChatEvent;
}

/**
 * The request as a command for a POSIX shell. The token is never part of it: the shell takes it from its environment.
 *
 * @param json the body; in single quotes, in which a shell reads every character but the quote as it is
 */
export const toCurl = (origin: string, json: string): string =>
  [
    `curl -N ${quoted(`${origin}${PATH}`)}`,
    `-H "Authorization: Bearer $LATCHKEY_API_TOKEN"`,
    `-H 'Content-Type: application/json'`,
    `-d ${quoted(json)}`,
  ].join(' \\\n  ');

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
