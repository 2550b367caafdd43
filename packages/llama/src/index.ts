// The public door of @latchkey/llama. Whatever is added here becomes API.

export type { DescriptionMemory, KnownDescription } from './folder/model-descriptions.ts';
export { createLlamaEngine, type LlamaEngineOptions } from './llama-engine.ts';
export type { EngineLogger } from './logger.ts';
