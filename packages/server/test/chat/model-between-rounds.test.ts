import { callsTool, ScriptedEngine, says } from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import type { ChatCaller } from '../../src/chat/prepare-chat.ts';
import { chatRequest } from '../scripted/chat-request.ts';
import { collect } from '../scripted/collect.ts';
import { ran, ScriptedToolset } from '../scripted/scripted-toolset.ts';
import { newCaller, newChat, type TestChat } from './new-chat.ts';

const NEVER = new AbortController().signal;

describe('a model whose chat waits for a tool', () => {
  it('is free meanwhile: a request for more context gets it, and the chat goes on with what is loaded then', async () => {
    const engine = new ScriptedEngine(callsTool('look'), says('More'), says('Seen'));
    const sizes = () => engine.models.map(({ contextLength }) => contextLength);
    const whileItRuns: number[][] = [];
    const toolset: ScriptedToolset = new ScriptedToolset({
      async look(args, signal) {
        await collect(await test.chat(caller, chatRequest({ contextLength: 2000 }), NEVER));
        whileItRuns.push(sizes());
        return ran('look', 'a lamp')(args, signal);
      },
    });
    const test: TestChat = await newChat(engine, {}, toolset);
    const caller: ChatCaller = await newCaller(test.auth, { actions: ['chat', 'models:load'], models: ['*'] });
    const events = await collect(await test.chat(caller, chatRequest(), NEVER));
    expect(whileItRuns).toEqual([[1024, 2048]]);
    expect(events.at(-1)).toMatchObject({ type: 'chat.end', result: { finishReason: 'stop' } });
    expect(sizes()).toEqual([1024, 2048]);
  });
});
