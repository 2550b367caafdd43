import { EngineError, type Model } from '@latchkey/engine';
import { describedModel, ScriptedEngine, scriptedModel } from '@latchkey/engine/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerError } from '../../src/contracts/server-error.ts';
import { type LoadEvent, type ModelLease, ModelPool, type ModelPoolOptions } from '../../src/models/model-pool.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const MINUTE = 60_000;

function newPool(engine: ScriptedEngine, changes: Partial<ModelPoolOptions> = {}): ModelPool {
  return new ModelPool({
    catalog: engine,
    logger: pino({ level: 'silent' }),
    contextLength: 1024,
    parallel: 2,
    queue: 8,
    idleMilliseconds: MINUTE,
    keepOnlyLast: false,
    ...changes,
  });
}

const registered = (name: string, description?: Model['description']): Model =>
  scriptedModel(`ibm/${name}`, description);
const granite = registered('granite');
const other = registered('other');
const release = (lease: ModelLease): void => lease[Symbol.dispose]();
const nothing = (): void => {};
const NEVER = new AbortController().signal;
/** Lets everything run that waits for nothing but its turn. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('the first request for a model', () => {
  it('loads it as configured', async () => {
    const engine = new ScriptedEngine();
    await newPool(engine).acquire(granite, undefined, nothing, NEVER);
    expect(engine.loads[0]).toMatchObject({
      model: granite,
      options: { contextLength: 1024, parallel: 2, onProgress: expect.any(Function) },
    });
  });

  it('is told of the loading from its start to its end', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    let time = 5000;
    const events: LoadEvent[] = [];
    const pool = newPool(engine, { now: () => time });
    const acquiring = pool.acquire(granite, undefined, (event) => events.push(event), NEVER);
    engine.loads[0]?.options.onProgress?.(0.5);
    time = 6500;
    engine.loads[0]?.finish();
    await acquiring;
    expect(events).toEqual([
      { type: 'start' },
      { type: 'progress', progress: 0.5 },
      { type: 'end', loadTimeSeconds: 1.5 },
    ]);
  });

  it('gets no more context by default than the model was trained for', async () => {
    const engine = new ScriptedEngine();
    const small = registered('small', describedModel({ maxContextLength: 256 }));
    await newPool(engine).acquire(small, undefined, nothing, NEVER);
    expect(engine.loads[0]?.options.contextLength).toBe(256);
  });
});

describe('requests at the same time', () => {
  it('share one loading, and all hear of it', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const pool = newPool(engine);
    const late: string[] = [];
    const first = pool.acquire(granite, undefined, nothing, NEVER);
    const second = pool.acquire(granite, undefined, ({ type }) => late.push(type), NEVER);
    engine.loads[0]?.options.onProgress?.(0.5);
    engine.loads[0]?.finish();
    expect((await first).model).toBe((await second).model);
    expect(engine.loads).toHaveLength(1);
    expect(late).toEqual(['start', 'progress', 'end']);
  });

  it('hear nothing of a loading that is over', async () => {
    const pool = newPool(new ScriptedEngine());
    await pool.acquire(granite, undefined, nothing, NEVER);
    const events: LoadEvent[] = [];
    await pool.acquire(granite, undefined, (event) => events.push(event), NEVER);
    expect(events).toEqual([]);
  });

  it('all fail when the loading fails, and the next one loads anew', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const pool = newPool(engine);
    const both = Promise.allSettled([
      pool.acquire(granite, undefined, nothing, NEVER),
      pool.acquire(granite, undefined, nothing, NEVER),
    ]);
    engine.loads[0]?.fail(new Error('out of memory'));
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(pool.loaded()).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
    engine.holdLoads = false;
    await pool.acquire(granite, undefined, nothing, NEVER);
    expect(engine.loads).toHaveLength(2);
  });
});

describe('an idle model', () => {
  it('is unloaded after its time', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    await vi.advanceTimersByTimeAsync(MINUTE - 1);
    expect(engine.models[0]?.disposed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(engine.models[0]?.disposed).toBe(true);
    expect(pool.loaded()).toEqual([]);
  });

  it('begins its time anew with each use', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    await vi.advanceTimersByTimeAsync(MINUTE - 1);
    const lease = await pool.acquire(granite, undefined, nothing, NEVER);
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(engine.models[0]?.disposed).toBe(false);
    release(lease);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(engine.models[0]?.disposed).toBe(true);
  });

  it('is not idle while one of two leases is out, even if the other is given back twice', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const [first, second] = [
      await pool.acquire(granite, undefined, nothing, NEVER),
      await pool.acquire(granite, undefined, nothing, NEVER),
    ];
    release(first);
    release(first);
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(engine.models[0]?.disposed).toBe(false);
    release(second);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(engine.models[0]?.disposed).toBe(true);
  });
});

describe('a model that dies', () => {
  it('is forgotten, so that the next request loads it again', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const lease = await pool.acquire(granite, undefined, nothing, NEVER);
    engine.models[0]?.lose();
    expect(pool.loaded()).toEqual([]);
    await pool.acquire(granite, undefined, nothing, NEVER);
    release(lease);
    await vi.advanceTimersByTimeAsync(2 * MINUTE);
    expect(pool.loaded()).toHaveLength(1);
    expect(engine.models[1]?.disposed).toBe(false);
  });

  it('lets those go on who waited for it to be idle', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    await pool.acquire(granite, undefined, nothing, NEVER);
    const waiting = pool.acquire(granite, 2048, nothing, NEVER);
    engine.models[0]?.lose();
    expect((await waiting).model.contextLength).toBe(2048);
  });
});

describe('a request whose caller leaves while the model is loaded', () => {
  it('holds no lease of it, and the loading goes on for the others', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const pool = newPool(engine);
    const left = new AbortController();
    const leaving = expect(pool.acquire(granite, undefined, nothing, left.signal)).rejects.toThrow('left');
    const staying = pool.acquire(granite, undefined, nothing, NEVER);
    left.abort(new Error('the caller has left'));
    await leaving;
    engine.loads[0]?.finish();
    release(await staying);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(engine.models[0]?.disposed).toBe(true);
  });

  it('and a listener that throws, disturb nobody', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const pool = newPool(engine);
    let calls = 0;
    const first = pool.acquire(
      granite,
      undefined,
      () => {
        if (++calls > 1) throw new Error('this listener is broken');
      },
      NEVER,
    );
    const heard: string[] = [];
    const second = pool.acquire(granite, undefined, ({ type }) => heard.push(type), NEVER);
    engine.loads[0]?.finish();
    await Promise.all([first, second]);
    expect(heard).toEqual(['start', 'end']);
  });
});

describe('a request for more context', () => {
  it('waits until nobody uses the model, and then loads it anew', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const lease = await pool.acquire(granite, undefined, nothing, NEVER);
    const larger = pool.acquire(granite, 2048, nothing, NEVER);
    await settle();
    expect(engine.loads).toHaveLength(1);
    release(lease);
    expect((await larger).model.contextLength).toBe(2048);
    expect(engine.models[0]?.disposed).toBe(true);
  });

  it('does not wait for an idle model', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    expect((await pool.acquire(granite, 2048, nothing, NEVER)).model.contextLength).toBe(2048);
  });

  it('keeps nobody else waiting, who may use the model as it is', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const lease = await pool.acquire(granite, undefined, nothing, NEVER);
    const larger = pool.acquire(granite, 2048, nothing, NEVER);
    const later = await pool.acquire(granite, undefined, nothing, NEVER);
    expect(later.model).toBe(lease.model);
    release(lease);
    release(later);
    expect((await larger).model.contextLength).toBe(2048);
  });

  it('waits for a bounded time, is then refused with a reason, and holds nothing', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const lease = await pool.acquire(granite, undefined, nothing, NEVER);
    const refused = expect(pool.acquire(granite, 2048, nothing, NEVER)).rejects.toMatchObject({
      code: 'OVERLOADED',
      field: 'contextLength',
      details: { retryAfterSeconds: 30 },
    });
    await vi.advanceTimersByTimeAsync(30_000);
    await refused;
    release(lease);
    expect((await pool.acquire(granite, undefined, nothing, NEVER)).model).toBe(lease.model);
  });

  it('waits for nothing any more when its caller has left', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const lease = await pool.acquire(granite, undefined, nothing, NEVER);
    const left = new AbortController();
    const refused = expect(pool.acquire(granite, 2048, nothing, left.signal)).rejects.toThrow('left');
    await settle();
    left.abort(new Error('the caller has left'));
    await refused;
    release(lease);
    expect(engine.models[0]?.disposed).toBe(false);
  });

  it('gets the next power of two, so that sizes cannot be walked through', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const large = registered('granite', describedModel({ maxContextLength: 5000 }));
    for (const asked of [1025, 1026, 1500, 2048, 2049, 3000, 4097, 5000]) {
      release(await pool.acquire(large, asked, nothing, NEVER));
    }
    expect(engine.models.map(({ contextLength }) => contextLength)).toEqual([2048, 4096, 5000]);
  });

  it('is bounded by the operator', async () => {
    const pool = newPool(new ScriptedEngine(), { maxContextLength: 1500 });
    await expect(pool.acquire(granite, 1501, nothing, NEVER)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expect((await pool.acquire(granite, 1200, nothing, NEVER)).model.contextLength).toBe(1500);
  });

  it('is refused when the model has no more', async () => {
    await expect(newPool(new ScriptedEngine()).acquire(granite, 2049, nothing, NEVER)).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      field: 'contextLength',
    });
  });

  it('leaves a request for less the model as it is', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    await pool.acquire(granite, 2048, nothing, NEVER);
    await pool.acquire(granite, 100, nothing, NEVER);
    expect(engine.loads).toHaveLength(1);
  });
});

describe('a model whose file was replaced', () => {
  const replaced: Model = { ...granite, version: '2' };

  it('is loaded again when nobody uses it', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    await pool.acquire(replaced, undefined, nothing, NEVER);
    expect(engine.loads).toHaveLength(2);
    await settle();
    expect(engine.models[0]?.disposed).toBe(true);
  });

  it('goes on for all while somebody uses it, and goes then', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const first = await pool.acquire(granite, undefined, nothing, NEVER);
    const second = await pool.acquire(replaced, undefined, nothing, NEVER);
    expect(engine.loads).toHaveLength(1);
    release(first);
    release(second);
    await settle();
    expect(engine.models[0]?.disposed).toBe(true);
    await pool.acquire(replaced, undefined, nothing, NEVER);
    expect(engine.loads).toHaveLength(2);
  });
});

describe('what cannot chat', () => {
  it('is refused for now with the reason: a file that cannot be looked at', async () => {
    const closed = registered('closed', new EngineError('MODEL_UNAVAILABLE', 'no files are left'));
    await expect(newPool(new ScriptedEngine()).acquire(closed, undefined, nothing, NEVER)).rejects.toMatchObject({
      code: 'MODEL_UNAVAILABLE',
      message: expect.stringContaining('no files are left'),
    });
  });

  it('is refused with the reason: a file that is no model', async () => {
    const garbage = registered('garbage', new Error('it is no GGUF file'));
    await expect(newPool(new ScriptedEngine()).acquire(garbage, undefined, nothing, NEVER)).rejects.toMatchObject({
      code: 'MODEL_LOAD_FAILED',
      message: expect.stringContaining('it is no GGUF file'),
    });
  });
});

describe('keepOnlyLast', () => {
  it('unloads the idle ones when another model was loaded', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine, { keepOnlyLast: true });
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    await pool.acquire(other, undefined, nothing, NEVER);
    await settle();
    expect(pool.loaded().map(({ key }) => key)).toEqual(['ibm/other']);
    expect(engine.models[0]?.disposed).toBe(true);
  });

  it('unloads one in use as soon as it is idle', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine, { keepOnlyLast: true });
    const lease = await pool.acquire(granite, undefined, nothing, NEVER);
    await pool.acquire(other, undefined, nothing, NEVER);
    expect(engine.models[0]?.disposed).toBe(false);
    release(lease);
    await settle();
    expect(engine.models[0]?.disposed).toBe(true);
  });

  it('keeps all of them when it is off', async () => {
    const pool = newPool(new ScriptedEngine());
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    await pool.acquire(other, undefined, nothing, NEVER);
    expect(pool.loaded()).toMatchObject([
      { key: 'ibm/granite', contextLength: 1024, parallel: 2, device: 'script' },
      { key: 'ibm/other', contextLength: 1024, parallel: 2, device: 'script' },
    ]);
  });
});

describe('a load that fails', () => {
  it('names the parameter that named the model', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const waiting = newPool(engine).acquire(granite, undefined, nothing, NEVER);
    engine.loads[0]?.fail(new ServerError('MODEL_LOAD_FAILED', 'The file is damaged.', { detail: 'for the log' }));
    await expect(waiting).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED', field: 'model', detail: 'for the log' });
  });
});

describe('a load that never ends', () => {
  it('is given up on, with a code, and the next request tries again', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const pool = newPool(engine);
    const waiting = pool.acquire(granite, undefined, nothing, NEVER);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED' });
    await vi.advanceTimersByTimeAsync(15 * MINUTE);
    await refused;
    engine.holdLoads = false;
    await expect(pool.acquire(granite, undefined, nothing, NEVER)).resolves.toBeDefined();
  });
});

describe('closing the pool', () => {
  it('frees every model, in use or not', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    await pool.acquire(other, undefined, nothing, NEVER);
    await pool[Symbol.asyncDispose]();
    expect(engine.models.map(({ disposed }) => disposed)).toEqual([true, true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends a loading, and whoever waits for it', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const pool = newPool(engine);
    const refused = expect(pool.acquire(granite, undefined, nothing, NEVER)).rejects.toMatchObject({
      code: 'SHUTTING_DOWN',
    });
    await pool[Symbol.asyncDispose]();
    await refused;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('frees a model that was loaded all the same', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const pool = newPool(engine);
    const acquiring = pool.acquire(granite, undefined, nothing, NEVER);
    engine.loads[0]?.finish();
    await pool[Symbol.asyncDispose]();
    await acquiring;
    expect(engine.models[0]?.disposed).toBe(true);
  });

  it('refuses whoever comes later, and whoever waited for an idle model', async () => {
    const pool = newPool(new ScriptedEngine());
    await pool.acquire(granite, undefined, nothing, NEVER);
    const refused = expect(pool.acquire(granite, 2048, nothing, NEVER)).rejects.toMatchObject({
      code: 'SHUTTING_DOWN',
    });
    await pool[Symbol.asyncDispose]();
    await refused;
    await expect(pool.acquire(granite, undefined, nothing, NEVER)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });
});

describe('a model that takes no memory of this machine', () => {
  const remote: Model = { ...registered('remote', describedModel({ maxContextLength: 32_768 })), resident: false };

  it('is opened with all the context that it has', async () => {
    const engine = new ScriptedEngine();
    await newPool(engine).acquire(remote, undefined, nothing, NEVER);
    expect(engine.loads[0]?.options.contextLength).toBe(32_768);
  });

  it('closes no other, and is closed for none', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine, { keepOnlyLast: true });
    for (const model of [granite, remote, granite, other])
      release(await pool.acquire(model, undefined, nothing, NEVER));
    await settle();
    expect(pool.loaded().map(({ key }) => key)).toEqual(['ibm/remote', 'ibm/other']);
    expect(engine.loads).toHaveLength(3);
  });
});

describe('the health of a model', () => {
  it('is told when it was loaded, when its process ended, and when it cannot be loaded; not when memory is short', async () => {
    const engine = new ScriptedEngine();
    const told: unknown[] = [];
    const pool = newPool(engine, { onHealth: (model, error) => void told.push([model, error]) });
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    engine.models[0]?.lose();
    engine.holdLoads = true;
    for (const failure of [
      new EngineError('MODEL_LOAD_FAILED', 'It is damaged.'),
      new EngineError('INSUFFICIENT_MEMORY', 'It is large.'),
    ]) {
      const acquiring = pool.acquire(granite, undefined, nothing, NEVER);
      engine.loads.at(-1)?.fail(failure);
      await expect(acquiring).rejects.toThrow(failure.message);
    }
    expect(told).toEqual([
      ['ibm/granite', undefined],
      ['ibm/granite', 'the process died'],
      ['ibm/granite', 'It is damaged.'],
    ]);
  });
});

describe('an instance of its own', () => {
  const load = (pool: ModelPool, asked = {}, signal = NEVER) => pool.loadInstance(granite, asked, nothing, signal);

  it('is loaded beside those that there are, with its own settings', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    const second = await load(pool, { contextLength: 700, parallel: 1, load: { batchSize: 64 } });
    expect(second).toMatchObject({ id: 'ibm/granite:2', key: 'ibm/granite', contextLength: 700, parallel: 1 });
    expect(engine.loads[1]?.options).toMatchObject({ contextLength: 700, parallel: 1, settings: { batchSize: 64 } });
    expect((await load(pool)).id).toBe('ibm/granite:3');
    expect(pool.loaded().map(({ id }) => id)).toEqual(['ibm/granite', 'ibm/granite:2', 'ibm/granite:3']);
    expect(pool.keyOf('ibm/granite:2')).toBe('ibm/granite');
  });

  it('serves those that name it, and requests for its model go to the one with the most room', async () => {
    const pool = newPool(new ScriptedEngine());
    await load(pool);
    await load(pool);
    using _first = await pool.acquire(granite, undefined, nothing, NEVER, undefined, 'ibm/granite:2');
    using _second = await pool.acquire(granite, undefined, nothing, NEVER);
    using _third = await pool.acquire(granite, undefined, nothing, NEVER, undefined, 'ibm/granite:2');
    expect(pool.loaded().map(({ id, uses }) => [id, uses])).toEqual([
      ['ibm/granite', 1],
      ['ibm/granite:2', 2],
    ]);
  });

  it('is not replaced by a larger one, and refuses more context than it has to those that name it', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    await load(pool, { contextLength: 64 });
    using _lease = await pool.acquire(granite, undefined, nothing, NEVER);
    expect(pool.loaded().map(({ id, contextLength }) => [id, contextLength])).toEqual([
      ['ibm/granite', 64],
      ['ibm/granite:2', 1024],
    ]);
    await load(pool, { contextLength: 64 });
    await expect(pool.acquire(granite, 512, nothing, NEVER, undefined, 'ibm/granite:3')).rejects.toMatchObject({
      code: 'INVALID_REQUEST',
      field: 'contextLength',
    });
  });

  it('stays when other models are loaded and when nothing uses it, but for the time that was asked for', async () => {
    const pool = newPool(new ScriptedEngine(), { keepOnlyLast: true });
    await load(pool);
    await load(pool, { idleMilliseconds: 2 * MINUTE });
    release(await pool.acquire(other, undefined, nothing, NEVER));
    await vi.advanceTimersByTimeAsync(2 * MINUTE - 1);
    expect(pool.loaded().map(({ id }) => id)).toEqual(['ibm/granite', 'ibm/granite:2']);
    await vi.advanceTimersByTimeAsync(1);
    expect(pool.loaded().map(({ id }) => id)).toEqual(['ibm/granite']);
  });

  it('is given up when its caller leaves', async () => {
    const engine = new ScriptedEngine();
    engine.holdLoads = true;
    const pool = newPool(engine);
    const leaving = new AbortController();
    const loading = load(pool, {}, leaving.signal);
    leaving.abort(new Error('gone'));
    await expect(loading).rejects.toThrow('gone');
    engine.loads[0]?.finish();
    await settle();
    expect(engine.models[0]?.disposed).toBe(true);
    expect(pool.loaded()).toEqual([]);
  });

  it('never has the name of a model or of an alias as its id', async () => {
    const named = new Set(['ibm/granite:2', 'ibm/granite:4']);
    const pool = newPool(new ScriptedEngine(), { isNamed: async (name) => named.has(name) });
    await Promise.all([load(pool), load(pool), load(pool)]);
    expect(pool.loaded().map(({ id }) => id)).toEqual(['ibm/granite', 'ibm/granite:3', 'ibm/granite:5']);
    const crowded = newPool(new ScriptedEngine(), { isNamed: async () => true });
    await load(crowded);
    await expect(load(crowded)).rejects.toMatchObject({ code: 'CONFLICT', field: 'model' });
  });

  it('is loaded once for requests that come while its id is looked for', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine, { isNamed: async () => false });
    await load(pool, { contextLength: 64 });
    await Promise.all([1, 2].map(() => pool.acquire(granite, undefined, nothing, NEVER)));
    expect(pool.loaded().map(({ id, uses }) => [id, uses])).toEqual([
      ['ibm/granite', 0],
      ['ibm/granite:2', 2],
    ]);
  });

  it('is one of at most sixteen', async () => {
    const pool = newPool(new ScriptedEngine());
    for (let count = 0; count < 16; count += 1) await load(pool);
    await expect(load(pool)).rejects.toMatchObject({ code: 'OVERLOADED' });
    expect(pool.loaded()).toHaveLength(16);
  });
});

describe('an instance that is to be unloaded', () => {
  it('takes no new request, ends when those that use it have ended, and then the next is loaded', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    const lease = await pool.acquire(granite, undefined, nothing, NEVER);
    const unloading = pool.release('ibm/granite');
    const next = pool.acquire(granite, undefined, nothing, NEVER);
    await settle();
    expect(pool.loaded()).toMatchObject([{ uses: 1, isDraining: true }]);
    expect(engine.loads).toHaveLength(1);
    release(lease);
    expect(await unloading).toBe(true);
    await next;
    expect(engine.models.map(({ disposed }) => disposed)).toEqual([true, false]);
  });

  it('leaves the requests of its model to the other instances', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    using _lease = await pool.acquire(granite, undefined, nothing, NEVER);
    await pool.loadInstance(granite, {}, nothing, NEVER);
    void pool.release('ibm/granite');
    using _next = await pool.acquire(granite, undefined, nothing, NEVER);
    expect(pool.loaded().map(({ id, uses }) => [id, uses])).toEqual([
      ['ibm/granite', 1],
      ['ibm/granite:2', 1],
    ]);
  });

  it('may be none', async () => {
    expect(await newPool(new ScriptedEngine()).release('ibm/granite')).toBe(false);
  });
});

describe('a model for which there is not enough memory', () => {
  const refusal = new EngineError('INSUFFICIENT_MEMORY', 'It needs 9 GB, and 1 GB is free.');

  it('is loaded after models that nothing uses were unloaded', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    engine.holdLoads = true;
    const acquiring = pool.acquire(other, undefined, nothing, NEVER);
    engine.loads[1]?.fail(refusal);
    await settle();
    expect(engine.models[0]?.disposed).toBe(true);
    engine.loads[2]?.finish();
    using _lease = await acquiring;
    expect(pool.loaded().map(({ id }) => id)).toEqual(['ibm/other']);
  });

  it('is refused in words while the others are in use or were loaded by a request of their own', async () => {
    const engine = new ScriptedEngine();
    const pool = newPool(engine);
    using _lease = await pool.acquire(granite, undefined, nothing, NEVER);
    await pool.loadInstance(granite, {}, nothing, NEVER);
    engine.holdLoads = true;
    const acquiring = pool.acquire(other, undefined, nothing, NEVER);
    engine.loads[2]?.fail(refusal);
    await expect(acquiring).rejects.toMatchObject({
      ...{ code: 'INSUFFICIENT_MEMORY', field: 'model', message: 'It needs 9 GB, and 1 GB is free.' },
    });
    expect(engine.models.map(({ disposed }) => disposed)).toEqual([false, false]);
  });
});

describe('a model with settings of its own', () => {
  it('is loaded with them', async () => {
    const engine = new ScriptedEngine();
    const settingsOf = (key: string) =>
      key === 'ibm/granite'
        ? { contextLength: 300, parallel: 7, idleMilliseconds: 1000, load: { flashAttention: true } }
        : {};
    const pool = newPool(engine, { settingsOf });
    release(await pool.acquire(granite, undefined, nothing, NEVER));
    release(await pool.acquire(other, undefined, nothing, NEVER));
    expect(engine.loads.map(({ options }) => options)).toMatchObject([
      { contextLength: 300, parallel: 7, settings: { flashAttention: true } },
      { contextLength: 1024, parallel: 2 },
    ]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(pool.loaded().map(({ id }) => id)).toEqual(['ibm/other']);
  });
});
