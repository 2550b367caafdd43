// The public interface of @latchkey/server. Everything that is exported here is API.

export type { Approval, ApprovalAnswer } from '@latchkey/client';
export {
  type ChatMessage,
  type EngineCapabilities,
  EngineError,
  type EngineErrorCode,
  type EngineEvent,
  type GenerateRequest,
  type InferenceEngine,
  type LoadedModel,
  type Model,
  type ModelDescription,
  type ModelSource,
  type OpenOptions,
} from '@latchkey/engine';
export type { PinStore, ToolPin } from '@latchkey/mcp-bridge';
export type { StoredApproval } from './approvals/approval.ts';
export type { ApprovalStore } from './approvals/kysely-approval-store.ts';
export { ConfigError } from './config/config-error.ts';
export { defineConfig } from './config/define-config.ts';
export { loadConfig } from './config/load-config.ts';
export type { ServerConfig, ServerConfigInput } from './config/schema.ts';
export type { AnswerIdentity } from './contracts/answer-identity.ts';
export type { ApiDialect, RenderedError } from './contracts/api-dialect.ts';
export type { ChatAnswer, ChatDialect, ParsedChat, WireEvent } from './contracts/chat-dialect.ts';
export type { ChatEvent, ChatResult } from './contracts/chat-event.ts';
export type { ChatRequest } from './contracts/chat-request.ts';
export type { ConversationStore, StoredTurn } from './contracts/conversation-store.ts';
export { type ChatField, ServerError, type ServerErrorCode } from './contracts/server-error.ts';
export { type CreateServerOptions, createServer, type Server } from './create-server.ts';
export { createUpstreamEngine, type UpstreamOptions } from './engines/upstream/index.ts';
export type { ChatRoute } from './http/chat-route.ts';
export type { DailyUsage, UsageStore, UsageSum } from './usage/kysely-usage-store.ts';
export { type WireError, wireErrorOf } from './wire/wire-errors.ts';
