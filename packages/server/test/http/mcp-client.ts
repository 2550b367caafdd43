import { type Answer, send } from './in-process-client.ts';
import type { TestServer } from './new-server.ts';

/** What an answer of JSON-RPC holds, be it JSON or the one event of a stream. */
export interface RpcAnswer {
  readonly status: number;
  readonly headers: Answer['headers'];
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> };
  /** What was told before the answer. */
  readonly notifications: readonly object[];
}

/** How a client of an era speaks. */
export type Era = 'legacy' | 'modern';
export const ERAS: readonly Era[] = ['legacy', 'modern'];

/** Posts JSON-RPC to `/mcp` as it is. */
export const post = (
  { app }: TestServer,
  token: string | undefined,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  send(app, {
    method: 'POST',
    path: '/mcp',
    ...(token === undefined ? {} : { token }),
    body,
    headers: { accept: 'application/json, text/event-stream', ...headers },
  });

/** Sends one request of an era and reads its answer; what `params` have under `_meta` goes along. */
export async function rpc(
  server: TestServer,
  token: string,
  era: Era,
  method: string,
  params: Record<string, unknown> = {},
): Promise<RpcAnswer> {
  const modern = '2026-07-28';
  const meta = {
    'io.modelcontextprotocol/protocolVersion': modern,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const answer = await post(
    server,
    token,
    {
      jsonrpc: '2.0',
      id: 1,
      method,
      params: era === 'modern' ? { ...params, _meta: { ...meta, ...(params._meta as object) } } : params,
    },
    era === 'modern'
      ? {
          'mcp-protocol-version': modern,
          'mcp-method': method,
          ...(typeof params.name === 'string' ? { 'mcp-name': params.name } : {}),
        }
      : { 'mcp-protocol-version': '2025-11-25' },
  );
  const messages = messagesOf(answer) as object[];
  const notifications = messages.filter((message) => 'method' in message);
  const last = messages.find((message) => !('method' in message));
  return { status: answer.status, headers: answer.headers, notifications, ...last };
}

/** The messages of an answer. */
export function messagesOf({ headers, text }: Answer): readonly unknown[] {
  if (!String(headers['content-type']).startsWith('text/event-stream')) return [JSON.parse(text)].flat();
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line): unknown => JSON.parse(line.slice('data: '.length)));
}

export async function toolNames(server: TestServer, token: string, era: Era = 'modern'): Promise<readonly string[]> {
  const { result, error } = await rpc(server, token, era, 'tools/list');
  if (result === undefined) throw new Error(`No list: ${JSON.stringify(error)}`);
  return (result.tools as { name: string }[]).map(({ name }) => name);
}

export const call = (
  server: TestServer,
  token: string,
  name: string,
  args: Record<string, unknown> = {},
  era: Era = 'modern',
): Promise<RpcAnswer> => rpc(server, token, era, 'tools/call', { name, arguments: args });
