import type { EngineEvent, GenerateRequest } from '@latchkey/engine';
import {
  finish,
  interrupted,
  message,
  progress,
  ScriptedEngine,
  says,
  scriptedModel,
  type Turn,
  talksUntilAborted,
} from '@latchkey/engine/testing';
import { describe, expect, it } from 'vitest';
import { QueuedModel } from '../../src/models/queued-model.ts';

const NEVER = new AbortController().signal;
const request: GenerateRequest = {
  messages: [],
  tools: [],
  toolChoice: 'none',
  sampling: {},
  stop: [],
  cacheScope: 'a',
  share: { key: 'a', weight: 1 },
};

async function modelWith(...turns: Turn[]): Promise<QueuedModel> {
  const engine = new ScriptedEngine(...turns);
  const options = { contextLength: 64, parallel: 1 };
  return new QueuedModel(await engine.open(scriptedModel('m'), options, NEVER), 8);
}

async function collect(events: AsyncIterable<EngineEvent>): Promise<string[]> {
  const types: string[] = [];
  for await (const { type } of events) types.push(type);
  return types;
}

describe('a place on a model', () => {
  it('is free again when the engine is done, though nobody has read the events', async () => {
    const model = await modelWith(says('one'), says('two'));
    const unread = model.generate(request, NEVER);
    await unread.next();
    expect(await collect(model.generate(request, NEVER))).toEqual(['prompt.progress', 'message.delta', 'finish']);
    expect(await collect(unread)).toEqual(['message.delta', 'finish']);
  });

  it('is free again when the reader leaves', async () => {
    const model = await modelWith(talksUntilAborted, says('two'));
    for await (const { type } of model.generate(request, NEVER)) if (type === 'message.delta') break;
    expect(await collect(model.generate(request, NEVER))).toContain('finish');
  });

  it('is free again when the engine fails, which is reported after what it said', async () => {
    const model = await modelWith(async function* () {
      yield message('so far');
      throw new Error('no further');
    }, says('two'));
    const seen: string[] = [];
    const failing = (async () => {
      for await (const { type } of model.generate(request, NEVER)) seen.push(type);
    })();
    await expect(failing).rejects.toThrow('no further');
    expect(seen).toEqual(['message.delta']);
    expect(await collect(model.generate(request, NEVER))).toContain('finish');
  });

  it('is waited for until the model is unloaded or the caller leaves', async () => {
    const model = await modelWith(talksUntilAborted);
    const running = model.generate(request, NEVER);
    await running.next();
    const left = new AbortController();
    const leaving = collect(model.generate(request, left.signal));
    const waiting = expect(collect(model.generate(request, NEVER))).rejects.toMatchObject({ code: 'MODEL_UNLOADED' });
    left.abort();
    expect(await leaving).toEqual([]);
    await model[Symbol.asyncDispose]();
    await waiting;
    await running.return(undefined);
  });
});

describe('the count of a turn', () => {
  it('comes also when the caller has left', async () => {
    const left = new AbortController();
    const model = await modelWith(async function* (_, signal) {
      yield progress();
      left.abort();
      yield signal.aborted ? interrupted() : finish();
    });
    expect(await collect(model.generate(request, left.signal))).toContain('interrupted');
  });
});

describe('a count of a prompt', () => {
  it('comes in turns of the callers, so that a flood of one holds up no other', async () => {
    const engine = new ScriptedEngine();
    const held: (() => void)[] = [];
    engine.countPrompt = ({ cacheScope }) =>
      new Promise((resolve) => held.push(() => resolve(cacheScope === 'flood' ? 50 : 5)));
    const model = new QueuedModel(await engine.open(scriptedModel('m'), { contextLength: 64, parallel: 1 }, NEVER), 8);
    const done: string[] = [];
    const count = async (key: string): Promise<void> => {
      await model.countPrompt({ ...request, cacheScope: key, share: { key, weight: 1 } }, NEVER);
      done.push(key);
    };
    const all = [...Array.from({ length: 8 }, () => count('flood')), count('other')];
    for (let served = 0; served < all.length; served += 1) {
      await expect.poll(() => held.length).toBeGreaterThan(0);
      held.shift()?.();
      await expect.poll(() => done.length).toBe(served + 1);
    }
    await Promise.all(all);
    expect(done.indexOf('other')).toBeLessThan(4);
  });
});
