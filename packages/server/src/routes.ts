import { authorizationRoutes } from './authorization-routes.ts';
import type { ApiDialect } from './contracts/api-dialect.ts';
import type { createHandlers } from './create-handlers.ts';
import { anthropicDialect } from './dialects/anthropic/index.ts';
import { lmstudioDialect } from './dialects/lmstudio/index.ts';
import { ollamaErrors } from './dialects/ollama/errors.ts';
import { ollamaChat, ollamaGenerate } from './dialects/ollama/index.ts';
import { openaiDecisions } from './dialects/openai/decisions.ts';
import { openaiEmbeddings } from './dialects/openai/embeddings.ts';
import { openaiDialect } from './dialects/openai/index.ts';
import { parseTextCompletion } from './dialects/openai/parse-text-completion.ts';
import { responsesDialect } from './dialects/responses/index.ts';
import { systemOneDialect } from './dialects/systemone/index.ts';
import { administration, conversation, form, optionalAdministration, protocolMessage } from './http/bodies.ts';
import { type ChatRoute, chatRoute, requireDistinct } from './http/chat-route.ts';
import { labelStudioDialect } from './http/errors/label-studio.ts';
import { mcpDialect } from './http/errors/mcp.ts';
import { oauthDialect } from './http/errors/oauth.ts';
import { RESOURCE_METADATA_PATH, SERVER_RESOURCE_METADATA_PATH } from './http/handlers/protected-resource.ts';
import type { Route, RouteRow } from './http/route.ts';
import { loginRoutes } from './login-routes.ts';
import { modelRoutes } from './model-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { tokenRoutes } from './token-routes.ts';

type Handlers = ReturnType<typeof createHandlers>;

/** The chat APIs: one entry for each folder in `dialects/`. */
const CHAT_ROUTES: readonly ChatRoute[] = [
  { path: '/api/v1/chat', dialect: lmstudioDialect },
  { path: '/v1/chat/completions', dialect: openaiDialect },
  { path: '/v1/messages', dialect: anthropicDialect },
];

/** The settings that routes depend on. */
export interface RouteOptions {
  /** The largest body of a chat, and of a request to `/mcp`, in bytes. */
  readonly chatBodyBytes: number;
  /** Chat APIs in addition to the server's own. */
  readonly dialects: readonly ChatRoute[];
}

/** All endpoints of the server. */
export function createRoutes(handlers: Handlers, { chatBodyBytes, dialects }: RouteOptions): readonly Route[] {
  const { approvals, audit, can, keys, labelStudioTokens, lmstudioStatus, mcp, mcpPins, mcpServers, models } = handlers;
  const { oauth, ollama, openaiResponses, responses, settings, usage, whoami } = handlers;
  const chatBody = conversation(chatBodyBytes);
  const toRoute = (chat: ChatRoute): Route => chatRoute(chat, chatBody, handlers.chat(chat.dialect));
  return requireDistinct([
    ...CHAT_ROUTES.map(toRoute),
    toRoute({ path: '/api/v0/chat/completions', dialect: handlers.v0.chat }),
    chatRoute({ path: '/v1/responses', dialect: responsesDialect }, chatBody, openaiResponses.create),
    ...speaking(responsesDialect, [
      { method: 'GET', path: '/v1/responses/:id', access: 'chat', runsLong, handler: openaiResponses.show },
      {
        method: 'DELETE',
        path: '/v1/responses/:id',
        idempotency: 'kept',
        access: 'chat',
        handler: openaiResponses.remove,
      },
      { method: 'GET', path: '/v1/responses/:id/input_items', access: 'chat', handler: openaiResponses.inputItems },
      {
        method: 'POST',
        path: '/v1/responses/:id/cancel',
        idempotency: 'none',
        access: 'chat',
        runsLong,
        handler: openaiResponses.cancel,
      },
      {
        method: 'POST',
        path: '/v1/responses/input_tokens',
        idempotency: 'none',
        access: 'chat',
        runsLong,
        body: chatBody,
        handler: handlers.inputTokens,
      },
    ]),
    ...speaking(lmstudioDialect, [
      { method: 'GET', path: '/health', access: 'public', handler: handlers.health },
      { method: 'GET', path: '/live', access: 'public', handler: handlers.health },
      { method: 'GET', path: '/ready', access: 'public', handler: handlers.ready },
      { method: 'GET', path: '/metrics', access: 'metrics:read', neverOpen, handler: handlers.metrics },
      { method: 'GET', path: '/api/v1/whoami', access: 'authenticated', handler: whoami.latchkey },
      { method: 'GET', path: '/api/current-user/whoami', access: 'authenticated', handler: whoami.labelStudio },
      {
        method: 'POST',
        path: '/api/v1/can',
        idempotency: 'none',
        access: 'authenticated',
        body: administration,
        handler: can,
      },
      { method: 'GET', path: '/api/v1/models', access: 'models:read', handler: models.lmstudio },
      ...modelRoutes(handlers),
      { method: 'GET', path: '/console', access: 'public', handler: handlers.console },
      { method: 'GET', path: '/console/*path', access: 'public', handler: handlers.console },
      { method: 'GET', path: '/docs', access: 'public', handler: handlers.manual },
      { method: 'GET', path: '/docs/*path', access: 'public', handler: handlers.manual },
      { method: 'GET', path: '/llms.txt', access: 'public', handler: handlers.manual },
      ...sessionRoutes(handlers),
      { method: 'GET', path: '/api/v1/settings', access: 'settings:read', neverOpen, handler: settings.show },
      {
        method: 'PATCH',
        path: '/api/v1/settings',
        idempotency: 'kept',
        access: 'settings:write',
        neverOpen,
        body: administration,
        handler: settings.change,
      },
      ...tokenRoutes(handlers),
      {
        method: 'POST',
        path: '/api/v1/keys/rotate',
        idempotency: 'kept',
        access: 'settings:write',
        neverOpen,
        body: optionalAdministration,
        handler: keys.rotate,
      },
      { method: 'GET', path: '/.well-known/jwks.json', access: 'public', handler: keys.jwks },
    ]),
    ...speaking(oauthDialect, [
      // The token in the body is the credential for these.
      { method: 'POST', path: '/oauth/token', idempotency: 'none', access: 'public', body: form, handler: oauth.token },
      {
        method: 'POST',
        path: '/oauth/revoke',
        idempotency: 'none',
        access: 'public',
        body: form,
        handler: oauth.revoke,
      },
      {
        method: 'POST',
        path: '/oauth/introspect',
        idempotency: 'none',
        access: 'authenticated',
        body: form,
        handler: oauth.introspect,
      },
    ]),
    ...speaking(labelStudioDialect, [
      {
        method: 'POST',
        path: '/api/token/refresh',
        idempotency: 'none',
        access: 'public',
        body: administration,
        handler: labelStudioTokens.refresh,
      },
      { method: 'GET', path: '/api/token', access: 'authenticated', handler: labelStudioTokens.list },
      {
        method: 'POST',
        path: '/api/token',
        idempotency: 'secret',
        access: 'tokens:write',
        body: optionalAdministration,
        handler: labelStudioTokens.create,
      },
      {
        method: 'POST',
        path: '/api/token/blacklist',
        idempotency: 'kept',
        access: 'authenticated',
        ends: 'others',
        body: administration,
        handler: labelStudioTokens.blacklist,
      },
      {
        method: 'POST',
        path: '/api/token/rotate',
        idempotency: 'secret',
        access: 'authenticated',
        body: administration,
        handler: labelStudioTokens.rotate,
      },
    ]),
    ...speaking(lmstudioDialect, [
      { method: 'GET', path: '/api/v1/approvals', access: 'approvals:decide', runsLong, handler: approvals.list },
      { method: 'GET', path: '/api/v1/approvals/:id', access: 'approvals:decide', handler: approvals.show },
      {
        method: 'POST',
        path: '/api/v1/approvals/:id',
        idempotency: 'kept',
        access: 'approvals:decide',
        runsLong,
        body: administration,
        handler: approvals.decide,
      },
      { method: 'GET', path: '/api/v1/mcp/servers', access: 'mcp:read', runsLong, handler: mcpServers.list },
      { method: 'GET', path: '/api/v1/mcp/servers/:label/logs', access: 'mcp:read', handler: mcpServers.logs },
      ...loginRoutes(handlers),
      {
        method: 'GET',
        path: '/api/v1/mcp/servers/:label/pins',
        access: 'mcp:read',
        runsLong,
        handler: mcpPins.review,
      },
      {
        method: 'POST',
        path: '/api/v1/mcp/servers/:label/approve',
        idempotency: 'kept',
        access: 'mcp:write',
        runsLong,
        body: optionalAdministration,
        handler: mcpPins.approve,
      },
      { method: 'GET', path: '/api/v1/responses', access: 'authenticated', handler: responses.list },
      { method: 'GET', path: '/api/v1/responses/:id', access: 'authenticated', handler: responses.show },
      {
        method: 'DELETE',
        path: '/api/v1/responses/:id',
        idempotency: 'kept',
        access: 'authenticated',
        handler: responses.remove,
      },
      { method: 'GET', path: '/api/v1/audit', access: 'audit:read', handler: audit },
      {
        method: 'POST',
        path: '/api/v1/erasures',
        idempotency: 'none',
        access: 'tokens:write',
        neverOpen,
        body: administration,
        handler: handlers.erasures,
      },
      // The proof in the body is the credential.
      {
        method: 'POST',
        path: '/api/v1/operator',
        idempotency: 'none',
        access: 'public',
        body: administration,
        handler: handlers.operator,
      },
      { method: 'GET', path: '/api/v1/usage', access: 'usage:read', handler: usage },
    ]),
    ...speaking(lmstudioDialect, [
      { method: 'GET', path: '/lmstudio-greeting', access: 'public', handler: lmstudioStatus.greet },
      { method: 'GET', path: '/lms-status', access: 'public', handler: lmstudioStatus.status },
    ]),
    ...speaking(openaiDialect, [
      ...['/v1/embeddings', '/api/v0/embeddings'].map(
        (path): RouteRow => ({
          method: 'POST',
          path,
          idempotency: 'none',
          access: 'embeddings',
          runsLong,
          body: chatBody,
          handler: handlers.embeddings(openaiEmbeddings),
        }),
      ),
      ...[
        { path: '/v1/decisions', dialect: openaiDecisions },
        { path: '/v1/systemone', dialect: systemOneDialect },
      ].map(
        ({ path, dialect }): RouteRow => ({
          method: 'POST',
          path,
          idempotency: 'none',
          access: 'chat',
          runsLong,
          body: chatBody,
          handler: handlers.decisions(dialect),
        }),
      ),
      ...[
        { path: '/v1/completions', parse: parseTextCompletion },
        { path: '/api/v0/completions', parse: handlers.v0.completions },
      ].map(
        ({ path, parse }): RouteRow => ({
          method: 'POST',
          path,
          idempotency: 'kept',
          access: 'chat',
          runsLong,
          body: chatBody,
          handler: handlers.completions(parse),
        }),
      ),
      { method: 'GET', path: '/api/v0/models', access: 'models:read', handler: models.v0 },
      { method: 'GET', path: '/api/v0/models/*id', access: 'models:read', handler: models.v0Model },
      { method: 'GET', path: '/v1/models', access: 'models:read', handler: models.openai, shared },
      { method: 'GET', path: '/v1/models/*id', access: 'models:read', handler: models.openaiModel, shared },
    ]),
    ...speaking(anthropicDialect, [
      {
        method: 'POST',
        path: '/v1/messages/count_tokens',
        idempotency: 'none',
        access: 'chat',
        runsLong,
        body: chatBody,
        handler: handlers.countTokens,
      },
    ]),
    chatRoute({ path: '/api/chat', dialect: ollamaChat }, chatBody, ollama.chat),
    chatRoute({ path: '/api/generate', dialect: ollamaGenerate }, chatBody, ollama.generate),
    ...speaking(ollamaErrors, [
      { method: 'GET', path: '/', access: 'public', handler: ollama.greet },
      { method: 'GET', path: '/api/version', access: 'authenticated', handler: ollama.version },
      { method: 'GET', path: '/api/tags', access: 'models:read', handler: ollama.tags },
      { method: 'GET', path: '/api/ps', access: 'models:read', handler: ollama.running },
      {
        method: 'POST',
        path: '/api/show',
        idempotency: 'none',
        access: 'models:read',
        body: administration,
        handler: ollama.show,
      },
      ...[
        { path: '/api/embed', handler: ollama.embed },
        { path: '/api/embeddings', handler: ollama.embeddings },
      ].map(
        (row): RouteRow => ({
          method: 'POST',
          ...row,
          idempotency: 'none',
          access: 'embeddings',
          runsLong,
          body: chatBody,
        }),
      ),
      ...[
        { method: 'POST' as const, path: '/api/pull' },
        { method: 'POST' as const, path: '/api/copy' },
        { method: 'DELETE' as const, path: '/api/delete' },
      ].map(
        (row): RouteRow => ({
          ...row,
          idempotency: 'none',
          access: 'models:download',
          body: administration,
          handler: ollama.manage,
        }),
      ),
    ]),
    ...speaking(mcpDialect, [
      {
        method: 'POST',
        path: '/mcp',
        idempotency: 'kept',
        access: 'chat',
        runsLong,
        body: protocolMessage(chatBodyBytes),
        handler: mcp,
      },
      ...[RESOURCE_METADATA_PATH, SERVER_RESOURCE_METADATA_PATH].map(
        (path): RouteRow => ({ method: 'GET', path, access: 'public', handler: handlers.protectedResource }),
      ),
    ]),
    ...authorizationRoutes(handlers),
    ...dialects.map(toRoute),
  ]);
}

/** Anthropic's API lists models at the same path as OpenAI's. */
const shared = { header: 'anthropic-version', dialect: anthropicDialect };

const runsLong = true;
const neverOpen = true;

const speaking = (dialect: ApiDialect, rows: readonly RouteRow[]): readonly Route[] =>
  rows.map((row) => ({ ...row, dialect }));
