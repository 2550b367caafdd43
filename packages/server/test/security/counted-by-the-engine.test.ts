import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { InferenceEngine, LoadedModel } from '@latchkey/engine';
import { createLlamaEngine } from '@latchkey/llama';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NANO } from '../../../llama/test/nano.ts';
import { open, send } from '../http/in-process-client.ts';
import { newServer } from '../http/new-server.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';

const LIMIT = 2000;
const WANTED = 300;
const GRANT = { actions: ['chat', 'usage:read'], models: ['*'], limits: { tokensPerDay: LIMIT } };

/** What the engine's process has said of its turns: the count at the end of each, and the prompts that it has counted. */
interface Heard {
  readonly counts: number[];
  readonly prompts: number[];
  pid: number | undefined;
}

function listenTo(model: LoadedModel, heard: Heard): LoadedModel {
  heard.pid = model.pid;
  return new Proxy(model, {
    get(target, name) {
      if (name === 'generate') {
        return async function* (...asked: Parameters<LoadedModel['generate']>) {
          for await (const event of target.generate(...asked)) {
            if (event.type === 'finish' || event.type === 'interrupted') {
              heard.counts.push(event.usage.promptTokens + event.usage.outputTokens);
            }
            yield event;
          }
        };
      }
      if (name === 'countPrompt') {
        return async (...asked: Parameters<LoadedModel['countPrompt']>) => {
          const counted = await target.countPrompt(...asked);
          heard.prompts.push(counted);
          return counted;
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A server on the nano model, of whose process every count is heard, and a caller with a budget. */
async function newListeningServer() {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'ibm'));
  symlinkSync(NANO, join(folder, 'ibm', 'granite.gguf'));
  const engine = createLlamaEngine({ folder, gpu: 'off' });
  onTestFinished(() => engine[Symbol.asyncDispose]());
  const heard: Heard = { counts: [], prompts: [], pid: undefined };
  const runs: InferenceEngine = {
    sources: engine.sources,
    open: async (...asked) => listenTo(await engine.open(...asked), heard),
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
  const server = await newServer({ runs, chatBodyBytes: 1_000_000, patienceMilliseconds: 60_000 });
  const token = await server.issue(GRANT);
  const get = async (path: string) => (await send(server.app, { path, token })).json();
  return {
    heard,
    /** What the budget was charged, and what usage says. */
    async charged(): Promise<readonly [budget: number, usage: number]> {
      const [state] = (await get('/api/v1/whoami')).limits as readonly { remaining: number }[];
      const { inputTokens, outputTokens } = (await get('/api/v1/usage')).totals as Record<string, number>;
      return [LIMIT - (state?.remaining ?? 0), Number(inputTokens) + Number(outputTokens)];
    },
    ask: (more: object = {}) =>
      open(server.app, { method: 'POST', path: '/v1/chat/completions', token, body: { ...LONG, ...more } }),
  };
}

type Listening = Awaited<ReturnType<typeof newListeningServer>>;

/** An answer that is long, whatever the model would rather write. */
const LONG = {
  model: 'ibm/granite',
  messages: [{ role: 'user', content: 'Hello' }],
  response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { const: 'ab 7 '.repeat(200) } } },
  max_tokens: WANTED,
  temperature: 0,
  stream: true,
};

const CUTS: readonly (readonly [string, (server: Listening) => Promise<unknown>])[] = [
  ['a stop string', async ({ ask }) => (await ask({ stop: ['7 ab 7'] })).received('[DONE]')],
  ['the most that was asked for', async ({ ask }) => (await ask({ max_tokens: 20 })).received('[DONE]')],
  [
    'a caller that leaves in the middle',
    async ({ ask }) => {
      const stream = await ask();
      await stream.received('ab ');
      stream.leave();
    },
  ],
];

describe('a turn of a real model', () => {
  it.each(CUTS)('that ends by %s is charged with what the engine has counted', async (_, cut) => {
    const server = await newListeningServer();
    await cut(server);
    await expect.poll(() => server.heard.counts.length, { timeout: 60_000 }).toBe(1);
    const [counted] = server.heard.counts;
    expect(counted).toBeGreaterThan(server.heard.prompts[0] ?? Number.POSITIVE_INFINITY);
    expect(counted).toBeLessThan(LIMIT);
    await expect.poll(server.charged, { timeout: 60_000 }).toEqual([counted, counted]);
  });

  it('whose process is killed in the middle is charged with what was reserved', async () => {
    const server = await newListeningServer();
    const stream = await server.ask();
    await stream.received('ab ');
    process.kill(server.heard.pid ?? expect.fail('no process'), 'SIGKILL');
    await stream.received('model_crashed');
    expect(server.heard.counts).toEqual([]);
    const reserved = (server.heard.prompts[0] ?? 0) + WANTED;
    await expect.poll(server.charged, { timeout: 60_000 }).toEqual([reserved, reserved]);
  });
});
