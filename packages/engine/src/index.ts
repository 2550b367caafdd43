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
export { EngineError, type EngineErrorCode, type EngineErrorOptions, type RequestField } from './engine-error.ts';
export type {
  EngineEvent,
  FinishReason,
  GenerateRequest,
  QueueShare,
  ReasoningEffort,
  Sampling,
  TokenUsage,
  ToolChoice,
  ToolDefinition,
} from './generation.ts';
export type { EngineCapabilities, InferenceEngine, LoadedModel, OpenOptions } from './inference-engine.ts';
export type { Model, ModelDescription, ModelSource } from './model.ts';
