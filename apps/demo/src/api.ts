import { EventSourceParserStream } from 'eventsource-parser/stream';
import { interruption } from './interruption.ts';

/** An answer of the server. `body` is its JSON; for a stream, the content of `chat.end`. */
export interface Answer {
  readonly status: number;
  readonly body: ChatResult & { readonly error?: { readonly message: string; readonly code?: string } };
  readonly events: readonly ChatEvent[];
}

export interface ChatResult {
  readonly output?: readonly {
    readonly type: string;
    readonly content?: string;
    readonly tool?: string;
    readonly arguments?: unknown;
    readonly output?: string;
  }[];
  readonly response_id?: string;
  readonly stats?: {
    readonly input_tokens: number;
    readonly total_output_tokens: number;
    readonly tokens_per_second: number;
    readonly time_to_first_token_seconds: number;
    readonly model_load_time_seconds?: number;
  };
}

export interface ChatEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export async function postChat(
  url: string,
  token: string | undefined,
  request: Record<string, unknown>,
  onEvent: (event: ChatEvent) => void | Promise<void> = () => {},
): Promise<Answer> {
  const response = await fetch(`${url}/api/v1/chat`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
    signal: interruption,
  });
  if (response.body === null || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
    return { status: response.status, body: (await response.json()) as Answer['body'], events: [] };
  }
  const events: ChatEvent[] = [];
  const stream = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of stream) {
    const event = JSON.parse(data) as ChatEvent;
    events.push(event);
    await onEvent(event);
  }
  const end = events.findLast((event) => event.type === 'chat.end');
  return { status: response.status, body: (end?.result ?? {}) as Answer['body'], events };
}

/** The model's last message. */
export const textOf = (answer: Answer): string =>
  answer.body.output?.findLast((item) => item.type === 'message')?.content ?? '';

/** Makes a token with the administrator's token. */
export async function createToken(
  url: string,
  adminToken: string,
  name: string,
  grant: unknown,
): Promise<{ id: string; token: string }> {
  const made = await request(url, adminToken, 'POST', '/api/v1/tokens', { name, grant });
  return made as { id: string; token: string };
}

export async function revokeToken(url: string, adminToken: string, id: string): Promise<void> {
  await request(url, adminToken, 'DELETE', `/api/v1/tokens/${id}`);
}

/** Sends any other request to the server; throws when it is refused. */
export async function request(
  url: string,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: interruption,
  });
  if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status} ${await response.text()}`);
  return response.json();
}
