import type { ChatDialect } from '../../contracts/chat-dialect.ts';
import { lmstudioErrors } from './errors.ts';
import { parseChat } from './parse.ts';

/** LM Studio's `/api/v1/chat`, in which the server runs the tools. */
export const lmstudioDialect: ChatDialect = { ...lmstudioErrors, parse: parseChat };
