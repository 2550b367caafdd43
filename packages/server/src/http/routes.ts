import type { RouterContext } from '@koa/router';
import type { Action } from '@latchkey/auth-core';
import type { ApiDialect } from '../contracts/api-dialect.ts';
import { lmstudioDialect } from '../dialects/lmstudio/errors.ts';
import { openaiDialect } from '../dialects/openai/errors.ts';
import { health } from './handlers/health.ts';
import type { ModelHandlers } from './handlers/models.ts';
import type { TokenHandlers } from './handlers/tokens.ts';
import type { ServerState } from './state.ts';

export type Handler = (ctx: RouterContext<ServerState>) => Promise<void>;

/** One endpoint. A row without `access` does not compile: nothing is open because somebody forgot to close it. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** The action that the caller's token must allow; `authenticated`: any valid token; `public`: nobody is asked. */
  readonly access: Action | 'authenticated' | 'public';
  readonly handler: Handler;
}

export interface Handlers {
  readonly can: Handler;
  readonly chat: Handler;
  readonly chatCompletions: Handler;
  readonly models: ModelHandlers;
  readonly tokens: TokenHandlers;
  readonly whoami: Handler;
}

/** Every endpoint of the server; there is no other. */
export const createRoutes = ({ can, chat, chatCompletions, models, tokens, whoami }: Handlers): readonly Route[] => [
  { method: 'GET', path: '/health', access: 'public', handler: health },
  { method: 'GET', path: '/api/v1/whoami', access: 'authenticated', handler: whoami },
  { method: 'POST', path: '/api/v1/can', access: 'authenticated', handler: can },
  { method: 'POST', path: '/api/v1/chat', access: 'chat', handler: chat },
  { method: 'GET', path: '/api/v1/models', access: 'models:read', handler: models.lmstudio },
  { method: 'GET', path: '/api/v1/tokens', access: 'tokens:read', handler: tokens.list },
  { method: 'POST', path: '/api/v1/tokens', access: 'tokens:write', handler: tokens.create },
  { method: 'GET', path: '/api/v1/tokens/:id', access: 'tokens:read', handler: tokens.show },
  { method: 'PATCH', path: '/api/v1/tokens/:id', access: 'tokens:write', handler: tokens.edit },
  { method: 'DELETE', path: '/api/v1/tokens/:id', access: 'tokens:write', handler: tokens.revoke },
  { method: 'POST', path: '/v1/chat/completions', access: 'chat', handler: chatCompletions },
  { method: 'GET', path: '/v1/models', access: 'models:read', handler: models.openai },
];

/** Whose words an error under this path is put into. */
export const dialectOf = (path: string): ApiDialect => (path.startsWith('/v1/') ? openaiDialect : lmstudioDialect);
