// The public API of @latchkey/llama. Everything exported here is public.

export type { DescriptionMemory, KnownDescription } from './folder/model-descriptions.ts';
export { createLlamaEngine, type LlamaEngineOptions } from './llama-engine.ts';
export type { EngineLogger } from './logger.ts';
export { probeBackend } from './probe-backend.ts';
export type { Backend } from './protocol.ts';
