import type { ChatDialect } from '../../contracts/chat-dialect.ts';
import { ollamaErrors } from './errors.ts';
import { parseChat } from './parse.ts';
import { parseGenerate } from './parse-generate.ts';

/** Ollama's `/api/chat`. */
export const ollamaChat: ChatDialect = { ...ollamaErrors, framing: 'lines', parse: parseChat };

/** Ollama's `/api/generate`. */
export const ollamaGenerate: ChatDialect = { ...ollamaErrors, framing: 'lines', parse: parseGenerate };
