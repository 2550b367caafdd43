import { describe, expect, it } from 'vitest';
import { collectChat } from '../../src/chat/collect.ts';
import { emptyUsage, toStats } from '../../src/chat/usage.ts';
import type { ChatEvent, ChatResult } from '../../src/contracts/chat-event.ts';
import { ServerError } from '../../src/contracts/server-error.ts';

const result: ChatResult = {
  model: 'ibm/granite',
  output: [],
  stats: toStats(emptyUsage(), undefined),
  finishReason: 'stop',
};

async function* stream(...events: ChatEvent[]): AsyncGenerator<ChatEvent> {
  yield* events;
}

describe('collectChat', () => {
  it('returns what the chat came to', async () => {
    expect(await collectChat(stream({ type: 'message.start' }, { type: 'chat.end', result }))).toBe(result);
  });

  it('throws the error of the chat', async () => {
    const error = new ServerError('MODEL_CRASHED', 'gone');
    await expect(collectChat(stream({ type: 'error', error }, { type: 'chat.end', result }))).rejects.toBe(error);
  });

  it('takes no chat for whole that has no end', async () => {
    await expect(collectChat(stream({ type: 'message.start' }))).rejects.toThrow('without chat.end');
  });
});
