import type { ChatDialect } from '../../contracts/chat-dialect.ts';
import { anthropicErrors } from './errors.ts';
import { parseMessages } from './parse.ts';

/** Anthropic's `/v1/messages`. */
export const anthropicDialect: ChatDialect = {
  ...anthropicErrors,
  heartbeat: { name: 'ping', data: '{"type":"ping"}' },
  parse: parseMessages,
};
