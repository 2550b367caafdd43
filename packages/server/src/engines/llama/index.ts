/** The embedded engine: GGUF models on llama.cpp, one child process for each. */
export { createLlamaEngine } from './llama-engine.ts';
