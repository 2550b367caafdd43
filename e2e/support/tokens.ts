import type { Grant } from '@latchkey/auth-core/llm';
import { type Api, createApi } from './api.ts';
import { NANO, type TestServer } from './server.ts';

/** A token as the API returns it, and the API called with it. */
export interface HeldToken extends Api {
  readonly id: string;
  readonly token: string;
}

/** A grant for chats with the nano model and nothing else. */
export const CHAT_GRANT: Grant = { actions: ['chat', 'models:read'], models: [NANO] };

/** `CHAT_GRANT` with tools: for each server, the rules by tool. */
export const withTools = (mcp: Record<string, Record<string, object>>): Grant => ({
  ...CHAT_GRANT,
  mcp: Object.fromEntries(Object.entries(mcp).map(([server, tools]) => [server, { tools }])),
});

/** Makes a token through the API with the administrator's token. */
export async function createToken(
  server: Pick<TestServer, 'url' | 'admin'>,
  name: string,
  grant: Grant,
  options: { readonly expiresAt?: string; readonly owner?: string; readonly project?: string } = {},
): Promise<HeldToken> {
  const { status, body } = await server.admin.post('/api/v1/tokens', { name, grant, ...options });
  if (status !== 201) throw new Error(`No token: HTTP ${status} ${JSON.stringify(body)}`);
  return { ...createApi(server.url, body.token), id: body.id, token: body.token };
}
