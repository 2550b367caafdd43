import type { ChatRequest } from '../../src/contracts/chat-request.ts';

/** The plainest request there is, with changes. */
export const chatRequest = (changes: Partial<ChatRequest> = {}): ChatRequest => ({
  model: 'ibm/granite',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
  integrations: [],
  clientTools: [],
  toolChoice: 'auto',
  sampling: {},
  stop: [],
  store: false,
  ...changes,
});
