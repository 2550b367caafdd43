import type { Grant } from '@latchkey/auth-core/llm';
import type { ChatMessage, EngineEvent, GenerateRequest } from '@latchkey/engine';
import {
  callsTool,
  describedModel,
  finish,
  message,
  progress,
  ScriptedEngine,
  says,
  type Turn,
  talksUntilAborted,
} from '@latchkey/engine/testing';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { ChatCaller } from '../../src/chat/prepare-chat.ts';
import type { ChatEvent, ChatResult } from '../../src/contracts/chat-event.ts';
import type { ChatRequest } from '../../src/contracts/chat-request.ts';
import type { ConversationStore, StoredTurn } from '../../src/contracts/conversation-store.ts';
import { ServerError } from '../../src/contracts/server-error.ts';
import { chatRequest } from '../scripted/chat-request.ts';
import { collect } from '../scripted/collect.ts';
import { said } from '../scripted/messages.ts';
import { ran, ScriptedToolset } from '../scripted/scripted-toolset.ts';
import { newCaller, newChat, type TestChat } from './new-chat.ts';

/** Refuses longer conversations. */
const takesUpTo = (characters: number) =>
  async function* (request: GenerateRequest): AsyncGenerator<EngineEvent> {
    if (JSON.stringify(request.messages).length > characters) throw new ServerError('CONTEXT_EXCEEDED', 'too long');
    yield* [progress(), message('Fits'), finish()];
  };

const signal = (): AbortSignal => new AbortController().signal;
/** May ask for more context than is configured. */
const LOADER: Grant = { actions: ['chat', 'models:load'], models: ['*'] };
const user = (text: string): ChatMessage => ({ role: 'user', content: [{ type: 'text', text }] });

async function ask(
  { chat }: TestChat,
  caller: ChatCaller,
  request: Partial<ChatRequest> = {},
  abort = new AbortController(),
): Promise<{ readonly events: ChatEvent[]; readonly result: ChatResult }> {
  const events = await collect(await chat(caller, chatRequest(request), abort.signal));
  const end = events.at(-1);
  if (end?.type !== 'chat.end') throw new Error('the chat has no end');
  return { events, result: end.result };
}

describe('a chat', () => {
  it('begins with chat.start, loads the model and ends with what it came to', async () => {
    const test = await newChat(new ScriptedEngine(says('Hi')));
    const { events, result } = await ask(test, await newCaller(test.auth));
    expect(events.map(({ type }) => type)).toEqual([
      'chat.start',
      'model_load.start',
      'model_load.end',
      'prompt.start',
      'prompt.progress',
      'prompt.end',
      'message.start',
      'message.delta',
      'message.end',
      'chat.end',
    ]);
    expect(result).toMatchObject({
      model: 'ibm/granite',
      output: [{ type: 'message', content: 'Hi' }],
      finishReason: 'stop',
      stats: { inputTokens: 5, outputTokens: 2, modelLoadTimeSeconds: expect.any(Number) },
    });
  });

  it('says nothing of loading when the model is there', async () => {
    const test = await newChat(new ScriptedEngine(says('Hi'), says('Hi again')));
    const caller = await newCaller(test.auth);
    await ask(test, caller);
    const { events, result } = await ask(test, caller);
    expect(events[1]?.type).toBe('prompt.start');
    expect(result.stats).not.toHaveProperty('modelLoadTimeSeconds');
  });

  it('names the model by its key, whatever the caller called it', async () => {
    const test = await newChat(new ScriptedEngine(says('Hi')));
    const { events, result } = await ask(test, await newCaller(test.auth), { model: 'small' });
    expect(events[0]).toMatchObject({ type: 'chat.start', model: 'ibm/granite' });
    expect(result.model).toBe('ibm/granite');
  });

  it("puts the request's sampling over the model's, setting by setting", async () => {
    const engine = new ScriptedEngine(says('Hi'));
    const asked: string[] = [];
    const test = await newChat(engine, {
      samplingOf: (model) => {
        asked.push(model);
        return { temperature: 0.5, topK: 20 };
      },
    });
    await ask(test, await newCaller(test.auth), { model: 'small', sampling: { temperature: 0 } });
    expect(asked).toEqual(['ibm/granite']);
    expect(engine.requests[0]?.sampling).toEqual({ temperature: 0, topK: 20 });
  });

  it("keeps a caller's cached prompts apart from everybody else's", async () => {
    const engine = new ScriptedEngine(says('Hi'), says('Hi'));
    const test = await newChat(engine);
    await ask(test, await newCaller(test.auth));
    await ask(test, await newCaller(test.auth));
    const [first, second] = engine.requests.map(({ cacheScope }) => cacheScope);
    expect(first).not.toBe(second);
  });
});

describe('what a chat refuses', () => {
  it('is a model that the token may not use, before anybody looks whether it exists', async () => {
    const engine = new ScriptedEngine();
    const test = await newChat(engine);
    const caller = await newCaller(test.auth, { actions: ['chat'], models: ['ibm/granite'] });
    const refusals = await Promise.all(
      ['ibm/other', 'ibm/nonexistent'].map((model) =>
        test.chat(caller, chatRequest({ model }), signal()).catch((error: ServerError) => error),
      ),
    );
    const [there, absent] = refusals as ServerError[];
    expect([there?.code, absent?.code]).toEqual(['PERMISSION_DENIED', 'PERMISSION_DENIED']);
    expect(there?.message.replaceAll('ibm/other', 'M')).toBe(absent?.message.replaceAll('ibm/nonexistent', 'M'));
    expect(there?.field).toBe('model');
    expect(engine.lookedFor).toEqual([]);
  });

  it('is a model that an alias hides from the grant', async () => {
    const test = await newChat(new ScriptedEngine());
    const caller = await newCaller(test.auth, { actions: ['chat'], models: ['small'] });
    await expect(test.chat(caller, chatRequest({ model: 'small' }), signal())).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('is a model that is not there', async () => {
    const test = await newChat(new ScriptedEngine());
    const caller = await newCaller(test.auth);
    await expect(test.chat(caller, chatRequest({ model: 'ibm/none' }), signal())).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      field: 'model',
    });
  });

  it('is an image for a model that cannot see', async () => {
    const test = await newChat(new ScriptedEngine());
    const messages: ChatMessage[] = [
      { role: 'user', content: [{ type: 'image', mediaType: 'image/png', data: 'AAAA' }] },
    ];
    await expect(test.chat(await newCaller(test.auth), chatRequest({ messages }), signal())).rejects.toMatchObject({
      code: 'UNSUPPORTED_INPUT',
    });
  });

  it('is not an image for a model that sees', async () => {
    const engine = new ScriptedEngine(says('A cat'));
    engine.describe = () => describedModel({ capabilities: { vision: true, trainedForToolUse: false } });
    const test = await newChat(engine);
    const messages: ChatMessage[] = [
      { role: 'user', content: [{ type: 'image', mediaType: 'image/png', data: 'AAAA' }] },
    ];
    expect((await ask(test, await newCaller(test.auth), { messages })).result.output).toHaveLength(1);
  });

  it('is a grant that leaves no token to generate', async () => {
    const test = await newChat(new ScriptedEngine());
    const caller = await newCaller(test.auth, { actions: ['chat'], models: ['*'], limits: { maxOutputTokens: 0 } });
    await expect(test.chat(caller, chatRequest(), signal())).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      field: 'maxOutputTokens',
    });
  });

  it("is a tool of the caller's with the name of one of ours, and ours are closed again", async () => {
    const toolset = new ScriptedToolset({ read: ran('read', '') });
    const test = await newChat(new ScriptedEngine(), {}, toolset);
    const clientTools = [
      { name: 'other', parameters: {} },
      { name: 'read', parameters: {} },
    ];
    await expect(test.chat(await newCaller(test.auth), chatRequest({ clientTools }), signal())).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      field: 'tools.1.name',
    });
    expect(toolset.disposals).toBe(1);
  });
});

describe("the limits of a token's grant", () => {
  it('bound what a request asks for', async () => {
    const engine = new ScriptedEngine(callsTool('read'), says('Ok'));
    const toolset = new ScriptedToolset({ read: ran('read', 'x') });
    const test = await newChat(engine, {}, toolset);
    const limits = { maxOutputTokens: 50, toolCallsPerRequest: 1 };
    const caller = await newCaller(test.auth, { actions: ['chat'], models: ['*'], limits });
    await ask(test, caller, { maxOutputTokens: 500 });
    expect(engine.requests.map(({ maxOutputTokens, toolChoice }) => [maxOutputTokens, toolChoice])).toEqual([
      [50, 'auto'],
      [48, 'none'],
    ]);
  });

  it('leave a request its own, smaller ones', async () => {
    const engine = new ScriptedEngine(says('Ok'));
    const test = await newChat(engine);
    const caller = await newCaller(test.auth, { actions: ['chat'], models: ['*'], limits: { maxOutputTokens: 50 } });
    await ask(test, caller, { maxOutputTokens: 5 });
    expect(engine.requests[0]?.maxOutputTokens).toBe(5);
  });
});

describe('a conversation', () => {
  it('is kept when the request says so, and can be gone on with', async () => {
    const engine = new ScriptedEngine(says('Hi'), says('Fine'));
    const test = await newChat(engine);
    const caller = await newCaller(test.auth);
    const { result } = await ask(test, caller, { store: true, messages: [user('Hello')] });
    expect(result.responseId).toMatch(/^resp_/);
    const previousResponseId = result.responseId ?? '';
    await ask(test, caller, { previousResponseId, messages: [user('How are you?')] });
    expect(engine.requests[1]?.messages).toEqual([user('Hello'), said('Hi'), user('How are you?')]);
  });

  it('is kept with the calls in it', async () => {
    const engine = new ScriptedEngine(callsTool('read', { line: 1 }), says('Done'), says('Again'));
    const test = await newChat(engine, {}, new ScriptedToolset({ read: ran('read', 'text') }));
    const caller = await newCaller(test.auth);
    const { result } = await ask(test, caller, { store: true });
    await ask(test, caller, { previousResponseId: result.responseId ?? '', messages: [user('More')] });
    expect(engine.requests[2]?.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
    ]);
  });

  it('is not kept when the request does not say so', async () => {
    const test = await newChat(new ScriptedEngine(says('Hi')));
    const { result } = await ask(test, await newCaller(test.auth), { store: false });
    expect(result).not.toHaveProperty('responseId');
  });

  it("is nobody else's, and another token hears what it would hear of none", async () => {
    const test = await newChat(new ScriptedEngine(says('Hi')));
    const { result } = await ask(test, await newCaller(test.auth), { store: true });
    const stranger = await newCaller(test.auth, { actions: ['*'], models: ['*'] });
    const hear = async (previousResponseId: string): Promise<ServerError> =>
      test.chat(stranger, chatRequest({ previousResponseId }), signal()).then(
        () => expect.fail('the conversation was found'),
        (error: ServerError) => error,
      );
    const [theirs, none] = [await hear(result.responseId ?? ''), await hear('resp_none')];
    expect(theirs.code).toBe('PREVIOUS_RESPONSE_NOT_FOUND');
    expect(theirs.message.replace(result.responseId ?? '', 'ID')).toBe(none.message.replace('resp_none', 'ID'));
    expect(theirs.field).toBe('previousResponseId');
  });

  it('takes the newest system prompt in place of the older ones', async () => {
    const engine = new ScriptedEngine(says('Arr'), says('Good day'));
    const test = await newChat(engine);
    const caller = await newCaller(test.auth);
    const first = await ask(test, caller, {
      store: true,
      messages: [{ role: 'system', content: 'Be a pirate.' }, user('Hello')],
    });
    await ask(test, caller, {
      previousResponseId: first.result.responseId ?? '',
      messages: [{ role: 'system', content: 'Be polite.' }, user('Hello?')],
    });
    expect(engine.requests[1]?.messages).toEqual([
      { role: 'system', content: 'Be polite.' },
      user('Hello'),
      said('Arr'),
      user('Hello?'),
    ]);
  });

  it('keeps its system prompt when the next request brings none', async () => {
    const engine = new ScriptedEngine(says('Arr'), says('Arr'));
    const test = await newChat(engine);
    const caller = await newCaller(test.auth);
    const system: ChatMessage = { role: 'system', content: 'Be a pirate.' };
    const { result } = await ask(test, caller, { store: true, messages: [system, user('Hello')] });
    await ask(test, caller, { previousResponseId: result.responseId ?? '', messages: [user('Again')] });
    expect(engine.requests[1]?.messages[0]).toEqual(system);
  });

  it('is kept as far as it got when the chat failed, and can be gone on with', async () => {
    const engine = new ScriptedEngine(async function* () {
      yield { type: 'message.delta', text: 'Hi' };
      throw new ServerError('MODEL_CRASHED', 'gone');
    }, says('Again'));
    const test = await newChat(engine);
    const caller = await newCaller(test.auth);
    const { events, result } = await ask(test, caller, { store: true });
    expect(events.at(-2)).toMatchObject({ type: 'error', error: { code: 'MODEL_CRASHED' } });
    expect(events[0]).toMatchObject({ type: 'chat.start', responseId: result.responseId });
    await ask(test, caller, { previousResponseId: result.responseId ?? '', messages: [user('More')] });
    expect(engine.requests.at(-1)?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  });

  it('is refused when the turn that it goes on from is deleted before it is first kept, and no tool runs', async () => {
    const toolset = new ScriptedToolset({ read: ran('read', 'text') });
    const engine = new ScriptedEngine(says('Hi'), async function* () {
      await test.conversations.remove(first, { owner: caller.principal.rootId });
      const turn = callsTool('read');
      yield* Array.isArray(turn) ? turn : [];
    });
    const test = await newChat(engine, {}, toolset);
    const caller = await newCaller(test.auth);
    const first = (await ask(test, caller, { store: true })).result.responseId ?? '';
    const more = { store: true, previousResponseId: first, messages: [user('More')] };
    await expect(ask(test, caller, more)).rejects.toMatchObject({ code: 'PREVIOUS_RESPONSE_NOT_FOUND' });
    expect(toolset.calls).toEqual([]);
  });

  it('is not kept when it was refused before it began', async () => {
    const test = await newChat(new ScriptedEngine(says('Hi')));
    const saved: string[] = [];
    const save = async ({ id }: { readonly id: string }) => saved.push(id) > 0;
    const refusing = await newChat(
      // biome-ignore lint/correctness/useYield: it is refused
      new ScriptedEngine(async function* () {
        throw new ServerError('CONTEXT_EXCEEDED', 'too long');
      }),
      { conversations: { ...test.conversations, save } },
    );
    await expect(ask(refusing, await newCaller(refusing.auth), { store: true })).rejects.toMatchObject({
      code: 'CONTEXT_EXCEEDED',
    });
    expect(saved).toEqual([]);
  });

  it('makes no call twice and loses no answer, at whatever event its caller leaves', async () => {
    const script = () => [callsTool('read', { line: 1 }), says('Done'), says('Again'), says('Again')];
    const whole = await newChat(
      new ScriptedEngine(...script()),
      {},
      new ScriptedToolset({ read: ran('read', 'text') }),
    );
    const { events } = await ask(whole, await newCaller(whole.auth), { store: true });
    for (const [place, left] of events.entries()) {
      const engine = new ScriptedEngine(...script());
      const toolset = new ScriptedToolset({ read: ran('read', 'text') });
      const test = await newChat(engine, {}, toolset);
      const caller = await newCaller(test.auth);
      let responseId: string | undefined;
      let seen = 0;
      for await (const event of await test.chat(caller, chatRequest({ store: true }), signal())) {
        if (event.type === 'chat.start') responseId = event.responseId;
        if (seen++ === place) break;
      }
      const back = { previousResponseId: responseId ?? '', messages: [user('More')] };
      await ask(test, caller, back);
      const made = toolset.calls.length;
      expect([left.type, made <= 1]).toEqual([left.type, true]);
      const answers = engine.requests.at(-1)?.messages.filter(({ role }) => role === 'tool') ?? [];
      expect([left.type, answers.length]).toEqual([left.type, made]);
    }
  });

  it('makes no call again that a killed server had begun, and says that its outcome is not known', async () => {
    const stored: StoredTurn[] = [];
    const toolset = new ScriptedToolset({ read: ran('read', 'text') });
    const first = await newChat(new ScriptedEngine(callsTool('read'), says('Done')), {}, toolset);
    const conversations: ConversationStore = {
      ...first.conversations,
      save: async (turn) => {
        stored.push(structuredClone(turn));
        return first.conversations.save(turn);
      },
      update: async (turn) => {
        stored.push(structuredClone(turn));
        return first.conversations.update(turn);
      },
    };
    const recorded = await newChat(new ScriptedEngine(callsTool('read'), says('Done')), { conversations }, toolset);
    await ask(recorded, await newCaller(recorded.auth), { store: true });
    expect(stored.map(({ state, begun }) => [state, begun !== undefined])).toEqual([
      ['running', false],
      ['running', true],
      ['running', false],
      ['completed', false],
    ]);
    for (const turn of stored) {
      const engine = new ScriptedEngine(says('Again'));
      const again = new ScriptedToolset({ read: ran('read', 'twice') });
      const test = await newChat(engine, { silenceMilliseconds: 0 }, again);
      const caller = await newCaller(test.auth);
      await test.conversations.save({ ...turn, owner: caller.principal.rootId });
      await ask(test, caller, { previousResponseId: turn.id, messages: [user('More')] });
      expect(again.calls).toEqual([]);
      const answer = engine.requests.at(-1)?.messages.find(({ role }) => role === 'tool');
      const expected = turn.begun === undefined ? (turn.messages.length > 1 ? 'text' : undefined) : 'is not known';
      if (expected === undefined) expect(answer).toBeUndefined();
      else expect(JSON.stringify(answer)).toContain(expected);
    }
  });

  it('is kept when the caller went away', async () => {
    const test = await newChat(new ScriptedEngine(talksUntilAborted));
    const abort = new AbortController();
    const caller = await newCaller(test.auth);
    const events = await test.chat(caller, chatRequest({ store: true }), abort.signal);
    const seen: ChatEvent[] = [];
    for await (const event of events) {
      seen.push(event);
      if (event.type === 'message.delta') abort.abort(new Error('the caller went away'));
    }
    expect(seen.map(({ type }) => type)).not.toContain('error');
    expect(seen.at(-1)).toMatchObject({ type: 'chat.end', result: { finishReason: 'stop' } });
    const id = seen[0]?.type === 'chat.start' ? seen[0].responseId : undefined;
    const kept = await test.conversations.load(id ?? '', { owner: caller.principal.rootId, project: null });
    expect(kept?.messages.at(-1)).toMatchObject({ content: [{ type: 'text', text: expect.stringMatching(/^and /) }] });
  });

  it('is not lost to an answer of a tool that is longer than the context', async () => {
    const engine = new ScriptedEngine(
      callsTool('read'),
      takesUpTo(2000),
      takesUpTo(2000),
      takesUpTo(2000),
      takesUpTo(2000),
    );
    const toolset = new ScriptedToolset({ read: ran('read', 'x'.repeat(10_000)) });
    const test = await newChat(engine, {}, toolset);
    const { events, result } = await ask(test, await newCaller(test.auth), { store: true });
    expect(events.map(({ type }) => type)).not.toContain('error');
    expect(result.output.at(-1)).toEqual({ type: 'message', content: 'Fits' });
    expect(toolset.calls).toHaveLength(1);
    expect(JSON.stringify(engine.requests.at(-1)?.messages)).toContain('do not fit into the context');
  });

  it('shortens the answers that were read first, and keeps the newest as it is', async () => {
    const engine = new ScriptedEngine(
      callsTool('read'),
      callsTool('read'),
      ...Array.from({ length: 12 }, () => takesUpTo(2000)),
    );
    const toolset = new ScriptedToolset({ read: ran('read', 'x'.repeat(1000)) });
    const test = await newChat(engine, {}, toolset);
    const { result } = await ask(test, await newCaller(test.auth), { store: true });
    expect(result.output.at(-1)).toEqual({ type: 'message', content: 'Fits' });
    const answers = (engine.requests.at(-1)?.messages ?? []).filter(({ role }) => role === 'tool');
    expect(JSON.stringify(answers[0])).toContain('do not fit into the context');
    expect(JSON.stringify(answers[1])).toContain('x'.repeat(1000));
  });

  it('ends as one that filled its context where not even that is enough, and never as an error', async () => {
    const tooLong = takesUpTo(0);
    const engine = new ScriptedEngine(callsTool('read'), ...Array.from({ length: 40 }, () => tooLong));
    const toolset = new ScriptedToolset({ read: ran('read', 'x'.repeat(10_000)) });
    const test = await newChat(engine, {}, toolset);
    const { events, result } = await ask(test, await newCaller(test.auth), { store: true });
    expect(events.map(({ type }) => type)).not.toContain('error');
    expect(result.output.map(({ type }) => type)).toEqual(['tool_call']);
    expect(result.finishReason).toBe('length');
  });
});

describe('what a chat uses', () => {
  it('is told after each round and each call, the request when it begins', async () => {
    const told: string[] = [];
    const test = await newChat(
      new ScriptedEngine(callsTool('read'), says('Done')),
      {
        recordUsage: ({ requests, outputTokens, toolCalls }) => told.push(`${requests} ${outputTokens} ${toolCalls}`),
      },
      new ScriptedToolset({ read: ran('read', 'text') }),
    );
    const at: [string, number][] = [];
    for await (const { type } of await test.chat(await newCaller(test.auth), chatRequest(), signal())) {
      at.push([type, told.length]);
    }
    expect(told).toEqual(['1 0 0', '0 2 0', '0 0 1', '0 2 0']);
    expect(at.find(([type]) => type === 'tool_call.success')?.[1]).toBe(3);
  });
});

describe('when the server stops', () => {
  it('a chat that still runs ends with an error, so that nobody takes half of it for the whole', async () => {
    const test = await newChat(new ScriptedEngine(talksUntilAborted));
    const abort = new AbortController();
    const types: string[] = [];
    const chat = await test.chat(await newCaller(test.auth), chatRequest({ store: true }), abort.signal);
    for await (const event of chat) {
      types.push(event.type === 'error' ? event.error.code : event.type);
      if (event.type === 'message.delta') abort.abort(new ServerError('SHUTTING_DOWN', 'bye'));
    }
    expect(types.slice(-2)).toEqual(['SHUTTING_DOWN', 'chat.end']);
  });
});

describe('when a token ends', () => {
  it('a chat that still waits for its model ends at once', async () => {
    const engine = new ScriptedEngine(says('Hi'));
    engine.holdLoads = true;
    const test = await newChat(engine, { patienceMilliseconds: 1 });
    const ended = new AbortController();
    const events = await test.chat(await newCaller(test.auth), chatRequest(), ended.signal);
    const types: string[] = [];
    for await (const { type } of events) {
      types.push(type);
      if (type === 'model_load.start') ended.abort(new ServerError('TOKEN_REVOKED', 'The token has ended.'));
    }
    expect(types).toEqual(['chat.start', 'model_load.start', 'error', 'chat.end']);
    // What was begun is there for the next one, and held by nobody.
    engine.loads[0]?.finish();
    await test.pool[Symbol.asyncDispose]();
    expect(engine.models[0]?.disposed).toBe(true);
  });
});

describe('when the model dies', () => {
  const crash = (): ServerError => new ServerError('MODEL_CRASHED', 'gone');

  it('before it said a word, it is loaded again, once', async () => {
    const engine = new ScriptedEngine(async function* () {
      yield { type: 'prompt.progress', processed: 1, total: 5 };
      engine.models[0]?.lose();
      throw crash();
    }, says('Here I am'));
    const test = await newChat(engine);
    const { events, result } = await ask(test, await newCaller(test.auth));
    expect(engine.models).toHaveLength(2);
    expect(events.map(({ type }) => type)).not.toContain('error');
    expect(result.output).toEqual([{ type: 'message', content: 'Here I am' }]);
  });

  it('before it said how long the prompt is, it is loaded again, once', async () => {
    const engine = new ScriptedEngine(says('Here I am'));
    let counts = 0;
    engine.countPrompt = () => {
      if (++counts > 1) return 5;
      engine.models[0]?.lose();
      throw crash();
    };
    const test = await newChat(engine);
    const limits = { tokensPerDay: 100 };
    const { result } = await ask(test, await newCaller(test.auth, { actions: ['chat'], models: ['*'], limits }));
    expect([engine.models.length, counts]).toEqual([2, 2]);
    expect(result.output).toEqual([{ type: 'message', content: 'Here I am' }]);
  });

  it('before it said a word and again, the chat is refused', async () => {
    const engine: ScriptedEngine = new ScriptedEngine(
      ...Array.from(
        { length: 3 },
        () =>
          async function* () {
            engine.models.at(-1)?.lose();
            yield* [];
            throw crash();
          },
      ),
    );
    const test = await newChat(engine);
    await expect(ask(test, await newCaller(test.auth))).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
    expect(engine.models).toHaveLength(2);
  });

  it('after it said a word, what it began is ended, then the chat, with an error and chat.end', async () => {
    const engine = new ScriptedEngine(async function* () {
      yield { type: 'message.delta', text: 'Once upon' };
      throw crash();
    }, says('not asked for'));
    const test = await newChat(engine);
    const { events } = await ask(test, await newCaller(test.auth));
    expect(events.slice(-3).map(({ type }) => type)).toEqual(['message.end', 'error', 'chat.end']);
    expect(engine.requests).toHaveLength(1);
  });
});

describe('a fault on the way', () => {
  it('is told in general words and logged in its own', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'error' }, { write: (line) => lines.push(line) });
    const test = await newChat(
      new ScriptedEngine(async function* () {
        yield* [];
        throw new Error('cannot open /srv/models/secret');
      }),
      { logger },
    );
    const refused = ask(test, await newCaller(test.auth));
    await expect(refused).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(refused).rejects.not.toThrow('secret');
    expect(lines.join()).toContain('cannot open /srv/models/secret');
  });

  it('at loading is an error and the end of the chat', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const test = await newChat(engine, { patienceMilliseconds: 1 });
    const events = await test.chat(await newCaller(test.auth), chatRequest(), signal());
    const seen: string[] = [];
    for await (const event of events) {
      seen.push(event.type);
      if (event.type === 'model_load.start') engine.loads[0]?.fail(new ServerError('MODEL_LOAD_FAILED', 'garbage'));
    }
    expect(seen).toEqual(['chat.start', 'model_load.start', 'error', 'chat.end']);
  });

  it('at keeping the conversation is refused before anything is done', async () => {
    const { conversations } = await newChat(new ScriptedEngine());
    const broken = { ...conversations, save: async () => Promise.reject(new Error('disk full')) };
    const test = await newChat(new ScriptedEngine(says('Hi')), { conversations: broken });
    await expect(ask(test, await newCaller(test.auth), { store: true })).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});

describe('what a chat holds', () => {
  it('is given back when it ends: the tools and the model', async () => {
    const test = await newChat(new ScriptedEngine(says('Hi')));
    await ask(test, await newCaller(test.auth));
    expect(test.toolset.disposals).toBe(1);
  });

  it('is given back when the reader stops early', async () => {
    const engine = new ScriptedEngine(says('Hi'), says('Hi'));
    const test = await newChat(engine);
    const caller = await newCaller(test.auth, LOADER);
    for await (const event of await test.chat(caller, chatRequest(), signal())) {
      if (event.type === 'message.start') break;
    }
    expect(test.toolset.disposals).toBe(1);
    // Its lease is free: a request for more context gets the model at once.
    await ask(test, caller, { contextLength: 2000 });
    expect(engine.models.map(({ contextLength }) => contextLength)).toEqual([1024, 2048]);
  });

  it('is given back when the caller goes away before anybody reads', async () => {
    const engine = new ScriptedEngine(talksUntilAborted, says('Hi'));
    const test = await newChat(engine);
    const caller = await newCaller(test.auth, LOADER);
    const abort = new AbortController();
    await test.chat(caller, chatRequest(), abort.signal);
    abort.abort(new Error('the caller went away'));
    expect(test.toolset.disposals).toBe(1);
    // Its lease is free, too: a request for more context gets the model.
    await ask(test, caller, { contextLength: 2000 });
    expect(engine.models.map(({ contextLength }) => contextLength)).toEqual([1024, 2048]);
  });

  it('is given back when the caller goes away while the tools are opened', async () => {
    const abort = new AbortController();
    const toolset = new ScriptedToolset();
    const openToolset = async (): Promise<ScriptedToolset> => {
      abort.abort(new Error('the caller went away'));
      return toolset;
    };
    const test = await newChat(new ScriptedEngine(), { openToolset });
    await expect(test.chat(await newCaller(test.auth), chatRequest(), abort.signal)).rejects.toThrow('went away');
    expect(toolset.disposals).toBe(1);
  });

  it('is given back when the reader goes away while the model is being loaded', async () => {
    const engine = new ScriptedEngine(says('Hi'));
    engine.holdLoads = true;
    const test = await newChat(engine, { patienceMilliseconds: 1 });
    const caller = await newCaller(test.auth, LOADER);
    const events = await test.chat(caller, chatRequest(), signal());
    await events.next();
    expect((await events.next()).value).toMatchObject({ type: 'model_load.start' });
    await events.return(undefined);
    expect(test.toolset.disposals).toBe(1);
    engine.holdLoads = false;
    engine.loads[0]?.finish();
    await ask(test, caller, { contextLength: 2000 });
    expect(engine.models.map(({ disposed }) => disposed)).toEqual([true, false]);
  });
});

describe('a stop string', () => {
  it('is named in what the chat came to', async () => {
    const stopped: Turn = [progress(), message('Hi'), { ...finish('stop_string'), stopString: 'END' }];
    const test = await newChat(new ScriptedEngine(stopped));
    const { result } = await ask(test, await newCaller(test.auth), { stop: ['END'] });
    expect(result).toMatchObject({ finishReason: 'stop_string', stopString: 'END' });
  });
});

describe('a context that is shorter than the model has', () => {
  it('leaves the answer what its prompt does not take', async () => {
    const engine = new ScriptedEngine(says('Hi'), says('Hi'));
    const test = await newChat(engine);
    const caller = await newCaller(test.auth);
    await ask(test, caller, { contextLength: 12 });
    await ask(test, caller, { contextLength: 12, maxOutputTokens: 3 });
    expect(engine.requests.map(({ maxOutputTokens }) => maxOutputTokens)).toEqual([7, 3]);
  });

  it('is exceeded by a prompt that leaves no room in it, before the engine has it', async () => {
    const engine = new ScriptedEngine(says('Hi'));
    const test = await newChat(engine);
    await expect(ask(test, await newCaller(test.auth), { contextLength: 5 })).rejects.toMatchObject({
      code: 'CONTEXT_EXCEEDED',
    });
    expect(engine.requests).toEqual([]);
  });
});
