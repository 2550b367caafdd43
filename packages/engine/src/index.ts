// The public API of @latchkey/engine. All exports added here become API.

export {
  type AssistantPart,
  type ChatMessage,
  callsOf,
  type ImagePart,
  type InputPart,
  type ReasoningPart,
  type TextPart,
  type ToolCallPart,
  type ToolCallRequest,
  textOf,
} from './chat-message.ts';
export type { DecideRequest, Decider, DecisionOption, DecisionQuestion, Decisions } from './decision.ts';
export type { Embedder, EmbeddingInput, Embeddings, EmbedRequest } from './embedding.ts';
export { EngineError, type EngineErrorCode, type EngineErrorOptions, type RequestField } from './engine-error.ts';
export type {
  EngineEvent,
  FinishReason,
  GenerateRequest,
  QueueShare,
  RawPrompt,
  ReasoningEffort,
  Sampling,
  TokenUsage,
  ToolChoice,
  ToolDefinition,
} from './generation.ts';
export type {
  CacheType,
  EngineCapabilities,
  InferenceEngine,
  LoadedModel,
  LoadSettings,
  OpenOptions,
  ReadPrompt,
} from './inference-engine.ts';
export type { Model, ModelDescription, ModelSource } from './model.ts';
