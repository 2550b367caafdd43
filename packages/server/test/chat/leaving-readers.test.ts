import { aborted, interrupted, message, progress, ScriptedEngine, type Turn } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import type { UsageRecord } from '../../src/contracts/usage-record.ts';
import { chatRequest } from '../scripted/chat-request.ts';
import { newCaller, newChat } from './new-chat.ts';

/** A turn whose engine counts once it has been stopped: five tokens of prompt and three of answer. */
const countsAtItsEnd: Turn = async function* (_request, signal) {
  yield* [progress(), message('and ')];
  await aborted(signal);
  yield interrupted({ promptTokens: 5, outputTokens: 3 });
};

describe('a reader that leaves between two events', () => {
  it('is charged with what the engine counts after it has left', async () => {
    const used: UsageRecord[] = [];
    const test = await newChat(new ScriptedEngine(countsAtItsEnd), { recordUsage: (record) => used.push(record) });
    const caller = await newCaller(test.auth, { actions: ['chat'], models: ['*'], limits: { tokensPerDay: 100 } });
    for await (const { type } of await test.chat(caller, chatRequest(), new AbortController().signal)) {
      if (type === 'message.start') break;
    }
    expect(used).toMatchObject([{ requests: 1 }, { inputTokens: 5, outputTokens: 3 }]);
    expect((await caller.reserveTokens(1000, 1)).granted).toBe(92);
  });
});
