// The public door of @latchkey/server. Whatever is added here becomes API.

export { defineConfig } from './config/define-config.ts';
export { ConfigError, loadConfig } from './config/load-config.ts';
export type { ServerConfig, ServerConfigInput } from './config/schema.ts';
export type { ChatMessage } from './contracts/chat-message.ts';
export type { ConversationStore, StoredTurn } from './contracts/conversation-store.ts';
export type {
  EngineEvent,
  GenerateRequest,
  InferenceEngine,
  LoadedModel,
  LoadOptions,
  ModelDescription,
} from './contracts/inference-engine.ts';
export { ServerError, type ServerErrorCode } from './contracts/server-error.ts';
export { type CreateServerOptions, createServer, type Server } from './create-server.ts';
