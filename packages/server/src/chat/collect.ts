import type { ChatEvent, ChatResult } from '../contracts/chat-event.ts';

/** Runs a chat to its end for a caller that does not stream. Throws the chat's error, if there is one. */
export async function collectChat(events: AsyncIterable<ChatEvent>): Promise<ChatResult> {
  let result: ChatResult | undefined;
  for await (const event of events) {
    if (event.type === 'error') throw event.error;
    if (event.type === 'chat.end') result = event.result;
  }
  if (result === undefined) throw new Error('a chat ended without chat.end');
  return result;
}
