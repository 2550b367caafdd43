import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LoadedModel } from '@latchkey/engine';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeModels } from '../src/describe-models.ts';
import { asking, askingForEndlessText, collect, loadNano, messageOf, NANO, NEVER, newEngine } from './nano.ts';
import { writeNanoWith } from './template-of.ts';
import { temporaryFolder } from './temporary-folder.ts';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const LOOP = '{%- for a in range(99999) -%}{%- for b in range(99999) -%}{%- endfor -%}{%- endfor -%}';
const CHATML =
  "{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}{%- endfor -%}" +
  "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}";
const LOOPS_SOMETIMES = `{%- for message in messages -%}{%- if 'bad' in message.content -%}${LOOP}{%- endif -%}${CHATML}`;

const served = async (model: LoadedModel): Promise<void> =>
  expect(messageOf(await collect(model.generate(asking('Hello'), NEVER)))).not.toBe('');

describe('a model whose process falls silent while it has work', () => {
  it('fails that work with MODEL_CRASHED, and the next request gets a new process', async () => {
    await using engine = newEngine({ silenceMilliseconds: 10_000 });
    const model = await loadNano(engine);
    const lost = new Promise<Error>((resolve) => model.onLost(resolve));
    const events = model.generate(askingForEndlessText(), NEVER)[Symbol.asyncIterator]();
    await events.next();
    process.kill(model.pid ?? 0, 'SIGSTOP');
    const rest = async (): Promise<void> => {
      while (!(await events.next()).done);
    };
    await expect(rest()).rejects.toMatchObject({
      code: 'MODEL_CRASHED',
      detail: expect.stringContaining('it said nothing for 10 seconds while it had work'),
    });
    expect(await lost).toMatchObject({ code: 'MODEL_CRASHED' });
    expect(isAlive(model.pid ?? 0)).toBe(false);
    await using next = await loadNano(engine);
    expect(next.pid).not.toBe(model.pid);
    await served(next);
  }, 240_000);
});

describe('a server that is killed while a process of it spins', () => {
  it('takes that process with it', async () => {
    const parent = fork(fileURLToPath(new URL('spinning-parent.ts', import.meta.url)), { execArgv: [] });
    const [pid] = (await once(parent, 'message')) as [number];
    onTestFinished(() => {
      if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    });
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 60_000 }).toBe(false);
  }, 120_000);
});

describe('a model file whose template loops', () => {
  it('is described as that, and the files after it are read', async () => {
    const path = await writeNanoWith(LOOP, join(temporaryFolder(), 'loops.gguf'));
    const [looping, after] = await describeModels([path, NANO], NEVER);
    expect(looping).toMatchObject({ message: 'The chat template in the file takes too long or too much memory.' });
    expect(after).toMatchObject({ displayName: 'Latchkey nano' });
  }, 120_000);

  it('for one conversation refuses that one; a stream that runs goes on meanwhile, and the next is served', async () => {
    await using engine = newEngine();
    const path = await writeNanoWith(LOOPS_SOMETIMES, join(temporaryFolder(), 'sometimes.gguf'));
    await using model = await loadNano(engine, { path, parallel: 2 });
    const order: string[] = [];
    const stream = model.generate(askingForEndlessText(), NEVER)[Symbol.asyncIterator]();
    await stream.next();
    const reading = (async () => {
      for (let next = await stream.next(); !next.done; next = await stream.next()) order.push(next.value.type);
    })();
    order.push('asked');
    await expect(collect(model.generate(asking('bad'), NEVER))).rejects.toMatchObject({ code: 'UNSUPPORTED_INPUT' });
    order.push('refused');
    await reading;
    expect(order.slice(order.indexOf('asked'), order.indexOf('refused'))).toContain('message.delta');
    await served(model);
  }, 120_000);
});

describe('a request that cannot be sent to its process', () => {
  it('is refused and holds nothing: however many come, the next is served', async () => {
    const depth = 50_000;
    const parameters = JSON.parse(`${'{"items":'.repeat(depth)}{}${'}'.repeat(depth)}`);
    const deep = asking('Hello', { tools: [{ name: 'deep', description: '', parameters }] });
    await using engine = newEngine();
    await using model = await loadNano(engine, { parallel: 1 });
    for (let count = 0; count < 3; count += 1) {
      await expect(collect(model.generate(deep, NEVER))).rejects.toThrow(RangeError);
      await expect(model.countPrompt(deep, NEVER)).rejects.toThrow(RangeError);
    }
    await served(model);
  }, 120_000);
});
