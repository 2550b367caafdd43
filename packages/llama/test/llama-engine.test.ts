import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { LoadedModel } from '@latchkey/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeModels } from '../src/describe-models.ts';
import { asking, askingForEndlessText, collect, loadNano, messageOf, modelAt, NANO, NEVER, newEngine } from './nano.ts';

const engine = newEngine();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-engine-'));
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A copy of nano's bytes, changed, as a file. */
async function damagedCopy(name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, change(await readFile(NANO)));
  return path;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('describe', () => {
  it('says what a model file says of itself', async () => {
    const [description] = await describeModels([NANO], NEVER);
    expect(description).toMatchObject({
      architecture: 'llama',
      quantization: 'Q8_0',
      parameterCount: 2_903_424,
      displayName: 'Latchkey nano',
      maxContextLength: 2048,
      type: 'llm',
      capabilities: { vision: false, trainedForToolUse: true },
    });
    expect(description).toHaveProperty('bitsPerWeight', expect.closeTo(8.5, 1));
    expect(description).not.toHaveProperty('capabilities.reasoning');
  });

  it('gives an error for a file that is no model and goes on with the next', async () => {
    const garbage = await damagedCopy('garbage.gguf', () => Buffer.from('GGUF, but not really'));
    const [first, second] = await describeModels([garbage, NANO], NEVER);
    expect(first).toBeInstanceOf(Error);
    expect(second).toMatchObject({ displayName: 'Latchkey nano' });
  });

  it('survives a header that promises absurdly much', async () => {
    const absurd = await damagedCopy('absurd.gguf', (bytes) => {
      bytes.writeBigUInt64LE(2n ** 62n, 16);
      return bytes;
    });
    const [first, second] = await describeModels([absurd, NANO], NEVER);
    expect(first).toBeInstanceOf(Error);
    expect(second).toMatchObject({ displayName: 'Latchkey nano' });
  });

  it('knows an embedding model by its architecture', async () => {
    const path = await damagedCopy('embedding.gguf', (bytes) =>
      Buffer.from(bytes.toString('latin1').replaceAll('llama', 'nbert'), 'latin1'),
    );
    expect(await describeModels([path], NEVER)).toMatchObject([{ type: 'embedding', architecture: 'nbert' }]);
  });

  it('says of a file that cannot be read that it could not be looked at, which is no verdict', async () => {
    const [first, second] = await describeModels([join(folder, 'gone.gguf'), NANO], NEVER);
    expect(first).toMatchObject({ code: 'MODEL_UNAVAILABLE', message: expect.stringContaining('ENOENT') });
    expect(second).toMatchObject({ displayName: 'Latchkey nano' });
  });

  it.each(['1', '2'])('names the part that is missing beside part %s of two', async (present) => {
    const path = await damagedCopy(`split${present}-0000${present}-of-00002.gguf`, (bytes) => bytes);
    const missing = `split${present}-0000${present === '1' ? 2 : 1}-of-00002.gguf`;
    const unavailable = { code: 'MODEL_UNAVAILABLE', message: `The model's part ${missing} is missing.` };
    expect(await describeModels([path], NEVER)).toMatchObject([unavailable]);
    await expect(loadNano(engine, { path })).rejects.toMatchObject(unavailable);
  });

  it('reads nothing when asked for nothing', async () => {
    expect(await describeModels([], NEVER)).toEqual([]);
  });
});

describe('load', () => {
  it.each([
    ['garbage', () => Buffer.from('this is no model')],
    ['garbage that begins like a model', () => Buffer.from('GGUF, but not really')],
    ['a truncated file', (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ['a file cut off in its header', (bytes: Buffer) => bytes.subarray(0, 5000)],
    [
      'a file that makes llama.cpp abort the process',
      (bytes: Buffer) =>
        Buffer.from(
          bytes.toString('latin1').replace('llama.feed_forward_length', 'llama.feed_forward_lengtX'),
          'latin1',
        ),
    ],
  ])('refuses %s with MODEL_LOAD_FAILED and lives on', async (name, change) => {
    const path = await damagedCopy(`${name.replaceAll(' ', '-')}.gguf`, change);
    const loading = loadNano(engine, { path });
    await expect(loading).rejects.toMatchObject({ code: 'MODEL_LOAD_FAILED' });
    await expect(loading).rejects.not.toHaveProperty('message', expect.stringContaining(folder));
    await using model = await loadNano(engine);
    expect(messageOf(await collect(model.generate(asking('Hello'), NEVER)))).not.toBe('');
  });

  it('rejects with the reason of an abort and leaves no process behind', async () => {
    const controller = new AbortController();
    const loading = engine.open(modelAt(NANO), { contextLength: 2048, parallel: 1 }, controller.signal);
    controller.abort(new Error('nobody waits for it'));
    await expect(loading).rejects.toThrow('nobody waits for it');
  });
});

describe('a model that is loaded', () => {
  const progress: number[] = [];
  let model: LoadedModel;
  beforeAll(async () => {
    process.env.LATCHKEY_SECRET = 'a-secret-of-the-server';
    const onProgress = (value: number): void => void progress.push(value);
    model = await loadNano(engine, { contextLength: 1000, parallel: 3, onProgress });
  });
  afterAll(async () => {
    delete process.env.LATCHKEY_SECRET;
    await model[Symbol.asyncDispose]();
  });

  it('has reported progress up to 1', () => {
    expect(progress.at(-1)).toBe(1);
  });

  it('is named in the process list', async () => {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(model.pid)]);
    expect(stdout).toContain('latchkey/nano');
  });

  it.runIf(process.platform === 'linux')('has none of the server’s secrets in its process', async () => {
    expect(await readFile(`/proc/${model.pid}/environ`, 'latin1')).not.toContain('a-secret-of-the-server');
  });

  it('says what it runs on and how much it can take', () => {
    expect(model).toMatchObject({ contextLength: 1000, parallel: 3, device: 'cpu' });
  });
});

describe('a model that is lost', () => {
  it('fails its generations with MODEL_CRASHED, tells its listeners once, and can be loaded again', async () => {
    const model = await loadNano(engine);
    const lost: Error[] = [];
    model.onLost((reason) => lost.push(reason));
    const events = model.generate(askingForEndlessText(), NEVER)[Symbol.asyncIterator]();
    await events.next();
    process.kill(model.pid!, 'SIGKILL');
    await expect(
      (async () => {
        while (!(await events.next()).done);
      })(),
    ).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
    expect(lost).toMatchObject([{ code: 'MODEL_CRASHED' }]);
    await expect(collect(model.generate(asking('Hello'), NEVER))).rejects.toMatchObject({ code: 'MODEL_CRASHED' });

    await using again = await loadNano(engine);
    expect(messageOf(await collect(again.generate(asking('Hello'), NEVER)))).not.toBe('');
  });

  it('counts no prompt any more, and not those that it was counting', async () => {
    const model = await loadNano(engine);
    process.kill(model.pid!, 'SIGSTOP');
    const controller = new AbortController();
    const given = expect(model.countPrompt(asking('Hello'), controller.signal)).rejects.toThrow(
      'whoever asked has left',
    );
    const counting = expect(model.countPrompt(asking('Hello'), NEVER)).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
    controller.abort(new Error('whoever asked has left'));
    await given;
    process.kill(model.pid!, 'SIGKILL');
    await counting;
    await expect(model.countPrompt(asking('Hello'), NEVER)).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
  });

  it('fails what waits for its turn as well', async () => {
    const model = await loadNano(engine, { parallel: 1 });
    const running = model.generate(askingForEndlessText(), NEVER)[Symbol.asyncIterator]();
    await running.next();
    const waiting = collect(model.generate(asking('Hello'), NEVER));
    const failed = expect(waiting).rejects.toMatchObject({ code: 'MODEL_CRASHED' });
    process.kill(model.pid!, 'SIGKILL');
    await failed;
  });
});

describe('a model that is disposed', () => {
  it('fails its generations with MODEL_UNLOADED and is not reported as lost', async () => {
    const model = await loadNano(engine);
    let lost = false;
    using _hearing = model.onLost(() => {
      lost = true;
    });
    const events = model.generate(askingForEndlessText(), NEVER)[Symbol.asyncIterator]();
    await events.next();
    const rest = (async () => {
      while (!(await events.next()).done);
    })();
    const failed = expect(rest).rejects.toMatchObject({ code: 'MODEL_UNLOADED' });
    await model[Symbol.asyncDispose]();
    await failed;
    expect(lost).toBe(false);
  });

  it('has no process any more', async () => {
    const model = await loadNano(engine);
    await model[Symbol.asyncDispose]();
    expect(isAlive(model.pid!)).toBe(false);
  });

  it('is disposed with its engine', async () => {
    const own = newEngine();
    const model = await loadNano(own);
    await own[Symbol.asyncDispose]();
    expect(isAlive(model.pid!)).toBe(false);
  });
});

describe('a server that is killed', () => {
  it('takes the model’s process with it', async () => {
    const parent = fork(fileURLToPath(new URL('lonely-parent.ts', import.meta.url)), { execArgv: [] });
    const [pid] = (await once(parent, 'message')) as [number];
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid)).toBe(false);
  });
});
