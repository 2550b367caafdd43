import type { RouterContext } from '@koa/router';
import type { Action } from '@latchkey/auth-core';
import type { ApiDialect } from '../contracts/api-dialect.ts';
import { labelStudioDialect } from '../dialects/label-studio/errors.ts';
import { lmstudioDialect } from '../dialects/lmstudio/errors.ts';
import { mcpDialect } from '../dialects/mcp/errors.ts';
import { oauthDialect } from '../dialects/oauth/errors.ts';
import { openaiDialect } from '../dialects/openai/errors.ts';
import type { ApprovalHandlers } from './handlers/approvals.ts';
import type { KeyHandlers } from './handlers/keys.ts';
import type { LabelStudioTokenHandlers } from './handlers/label-studio-tokens.ts';
import type { McpPinHandlers } from './handlers/mcp-pins.ts';
import type { McpServerHandlers } from './handlers/mcp-servers.ts';
import type { ModelHandlers } from './handlers/models.ts';
import type { OAuthHandlers } from './handlers/oauth.ts';
import { RESOURCE_METADATA_PATH } from './handlers/protected-resource.ts';
import type { SettingsHandlers } from './handlers/settings.ts';
import type { TokenHandlers } from './handlers/tokens.ts';
import type { WhoamiHandlers } from './handlers/whoami.ts';
import type { ServerState } from './state.ts';

export type Handler = (ctx: RouterContext<ServerState>) => Promise<void>;

/** One endpoint. A row without `access` does not compile: nothing is open because somebody forgot to close it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The action that the caller's token must allow; `authenticated`: any valid token; `public`: nobody is asked. */
  readonly access: Action | 'authenticated' | 'public';
  /** It does nothing but end the token that the caller presents, and takes it at any time and from anywhere. */
  readonly endsItself?: true;
  readonly handler: Handler;
}

export interface Handlers {
  readonly approvals: ApprovalHandlers;
  readonly audit: Handler;
  readonly can: Handler;
  readonly chat: Handler;
  readonly chatCompletions: Handler;
  readonly health: Handler;
  readonly keys: KeyHandlers;
  readonly labelStudioTokens: LabelStudioTokenHandlers;
  readonly mcp: Handler;
  readonly mcpPins: McpPinHandlers;
  readonly mcpServers: McpServerHandlers;
  readonly models: ModelHandlers;
  readonly oauth: OAuthHandlers;
  readonly protectedResource: Handler;
  readonly settings: SettingsHandlers;
  readonly tokens: TokenHandlers;
  readonly usage: Handler;
  readonly whoami: WhoamiHandlers;
}

/** Every endpoint of the server; there is no other. */
export const createRoutes = ({
  approvals,
  audit,
  can,
  chat,
  chatCompletions,
  health,
  keys,
  labelStudioTokens,
  mcp,
  mcpPins,
  mcpServers,
  models,
  oauth,
  protectedResource,
  settings,
  tokens,
  usage,
  whoami,
}: Handlers): readonly Route[] => [
  { method: 'GET', path: '/health', access: 'public', handler: health },
  { method: 'GET', path: '/api/v1/whoami', access: 'authenticated', handler: whoami.latchkey },
  { method: 'GET', path: '/api/current-user/whoami', access: 'authenticated', handler: whoami.labelStudio },
  { method: 'POST', path: '/api/v1/can', access: 'authenticated', handler: can },
  { method: 'POST', path: '/api/v1/chat', access: 'chat', handler: chat },
  { method: 'GET', path: '/api/v1/models', access: 'models:read', handler: models.lmstudio },
  { method: 'GET', path: '/api/v1/settings', access: 'settings:read', handler: settings.show },
  { method: 'PATCH', path: '/api/v1/settings', access: 'settings:write', handler: settings.change },
  { method: 'GET', path: '/api/v1/tokens', access: 'tokens:read', handler: tokens.list },
  { method: 'POST', path: '/api/v1/tokens', access: 'tokens:write', handler: tokens.create },
  { method: 'GET', path: '/api/v1/tokens/:id', access: 'tokens:read', handler: tokens.show },
  // By possession: whoever finds a token that leaked can end it.
  {
    method: 'POST',
    path: '/api/v1/tokens/revoke-self',
    access: 'authenticated',
    endsItself: true,
    handler: tokens.revokeSelf,
  },
  { method: 'POST', path: '/api/v1/tokens/revoke', access: 'tokens:write', handler: tokens.revokeAll },
  { method: 'PATCH', path: '/api/v1/tokens/:id', access: 'tokens:write', handler: tokens.edit },
  { method: 'POST', path: '/api/v1/tokens/:id/rotate', access: 'tokens:write', handler: tokens.rotate },
  { method: 'POST', path: '/api/v1/tokens/:id/revoke', access: 'tokens:write', handler: tokens.revoke },
  { method: 'DELETE', path: '/api/v1/tokens/:id', access: 'tokens:write', handler: tokens.revoke },
  { method: 'POST', path: '/api/v1/keys/rotate', access: 'settings:write', handler: keys.rotate },
  { method: 'GET', path: '/.well-known/jwks.json', access: 'public', handler: keys.jwks },
  // The token in the body is the credential of these.
  { method: 'POST', path: '/oauth/token', access: 'public', handler: oauth.token },
  { method: 'POST', path: '/oauth/revoke', access: 'public', handler: oauth.revoke },
  { method: 'POST', path: '/oauth/introspect', access: 'authenticated', handler: oauth.introspect },
  { method: 'POST', path: '/api/token/refresh', access: 'public', handler: labelStudioTokens.refresh },
  { method: 'GET', path: '/api/token', access: 'authenticated', handler: labelStudioTokens.list },
  { method: 'POST', path: '/api/token', access: 'tokens:write', handler: labelStudioTokens.create },
  { method: 'POST', path: '/api/token/blacklist', access: 'authenticated', handler: labelStudioTokens.blacklist },
  { method: 'POST', path: '/api/token/rotate', access: 'authenticated', handler: labelStudioTokens.rotate },
  { method: 'GET', path: '/api/v1/approvals', access: 'approvals:decide', handler: approvals.list },
  { method: 'POST', path: '/api/v1/approvals/:id', access: 'approvals:decide', handler: approvals.decide },
  { method: 'GET', path: '/api/v1/mcp/servers', access: 'mcp:read', handler: mcpServers.list },
  { method: 'GET', path: '/api/v1/mcp/servers/:label/logs', access: 'mcp:read', handler: mcpServers.logs },
  { method: 'GET', path: '/api/v1/mcp/servers/:label/pins', access: 'mcp:read', handler: mcpPins.review },
  { method: 'POST', path: '/api/v1/mcp/servers/:label/approve', access: 'mcp:write', handler: mcpPins.approve },
  { method: 'GET', path: '/api/v1/audit', access: 'audit:read', handler: audit },
  { method: 'GET', path: '/api/v1/usage', access: 'usage:read', handler: usage },
  { method: 'POST', path: '/v1/chat/completions', access: 'chat', handler: chatCompletions },
  { method: 'GET', path: '/v1/models', access: 'models:read', handler: models.openai },
  { method: 'POST', path: '/mcp', access: 'chat', handler: mcp },
  { method: 'GET', path: RESOURCE_METADATA_PATH, access: 'public', handler: protectedResource },
];

/** Whose words an error under this path is put into. */
export function dialectOf(path: string): ApiDialect {
  if (path.startsWith('/v1/')) return openaiDialect;
  if (path.startsWith('/oauth/')) return oauthDialect;
  if (isMcp(path)) return mcpDialect;
  if (path === '/api/token' || path.startsWith('/api/token/')) return labelStudioDialect;
  return lmstudioDialect;
}

/** A path is the same with a slash at its end, as the router has it. */
export const isMcp = (path: string): boolean => path === '/mcp' || path === '/mcp/';
