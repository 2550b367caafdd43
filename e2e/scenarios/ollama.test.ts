import { HumanMessage } from '@langchain/core/messages';
import { tool as langchainTool } from '@langchain/core/tools';
import { ChatOllama, OllamaEmbeddings } from '@langchain/ollama';
import type { Grant } from '@latchkey/auth-core/llm';
import { Ollama, type Tool } from 'ollama';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod';
import { allOf } from '../support/all-of.ts';
import { makeModelsFolder, TINY_EMBEDDING } from '../support/embedding-models.ts';
import { everything } from '../support/mcp-servers.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const GRANT: Grant = { actions: ['chat', 'embeddings', 'models:read'], models: ['latchkey/*'] };

let folder: TemporaryFolder;
let server: TestServer;
let token: string;
let client: Ollama;
beforeAll(async () => {
  folder = createTemporaryFolder();
  server = await startServer({
    config: { models: makeModelsFolder(folder.path), aliases: { small: NANO }, ollamaPort: 0 },
    mcpServers: { everything: everything() },
  });
  ({ token } = await createToken(server, 'ollama', {
    ...GRANT,
    mcp: { 'mcp/everything': { tools: { 'get-sum': {} } } },
  }));
  client = clientFor(token);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const clientFor = (apiKey: string): Ollama =>
  new Ollama({ host: server.url, headers: { Authorization: `Bearer ${apiKey}` } });
const clientWith = async (grant: Grant): Promise<Ollama> =>
  clientFor((await createToken(server, 'other', grant)).token);

const user = (content: string) => ({ role: 'user', content });
const QUESTION = 'What is the weather in Oslo?';
const weather: Tool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const TIMES = {
  total_duration: expect.any(Number),
  load_duration: expect.any(Number),
  prompt_eval_count: expect.any(Number),
  prompt_eval_duration: expect.any(Number),
  eval_count: expect.any(Number),
  eval_duration: expect.any(Number),
};

describe('a chat', () => {
  verifies('ollama.chat', async () => {
    const whole = await client.chat({ model: NANO, messages: [user('Repeat: red fox')], stream: false });
    expect(whole).toMatchObject({
      model: NANO,
      message: { role: 'assistant', content: 'red fox' },
      done: true,
      done_reason: 'stop',
      ...TIMES,
    });
    const cut = await client.chat({ model: NANO, messages: [user('Hello')], options: { num_predict: 3 } });
    expect([cut.done_reason, cut.eval_count]).toEqual(['length', 3]);
    const messages = [user('Repeat: red fox')];
    const stopped = await client.chat({ model: `${NANO}:latest`, messages, options: { stop: [' fox'] } });
    expect(stopped.message.content).toBe('red');
  });

  verifies('ollama.stream', async () => {
    const whole = await client.chat({ model: NANO, messages: [user('Hello')], stream: false });
    const pieces = await allOf(await client.chat({ model: NANO, messages: [user('Hello')], stream: true }));
    expect(pieces.map(({ message }) => message.content).join('')).toBe(whole.message.content);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.at(-1)).toMatchObject({ done: true, ...TIMES, eval_count: whole.eval_count });
    expect(pieces.slice(0, -1).every(({ done }) => !done)).toBe(true);
  });

  verifies('ollama.tools', async () => {
    const messages = [user(QUESTION)];
    const called = await client.chat({ model: NANO, messages, tools: [weather] });
    const [call] = called.message.tool_calls ?? [];
    expect(call?.function).toMatchObject({ name: 'get_weather', arguments: { city: 'Oslo' } });
    const streamed = await allOf(await client.chat({ model: NANO, messages, tools: [weather], stream: true }));
    expect(streamed.flatMap(({ message }) => message.tool_calls ?? []).map((one) => one.function)).toMatchObject([
      { name: 'get_weather', arguments: { city: 'Oslo' } },
    ]);
    const result = { role: 'tool', tool_name: 'get_weather', content: 'The weather in Oslo is sunny.' };
    const final = await client.chat({ model: NANO, messages: [...messages, called.message, result], tools: [weather] });
    expect(final.message.content).toContain('sunny');
  });

  verifies('ollama.format', async () => {
    const schema = z.object({ name: z.string(), age: z.int(), city: z.string() });
    const messages = [user('Extract name, age, city as JSON: Mei is 31 years old and lives in Oslo.')];
    const fitting = await client.chat({ model: NANO, messages, format: z.toJSONSchema(schema) });
    expect(JSON.parse(fitting.message.content)).toEqual({ name: 'Mei', age: 31, city: 'Oslo' });
    const any = await client.chat({ model: NANO, messages, format: 'json' });
    expect(JSON.parse(any.message.content)).toBeTypeOf('object');
  });

  verifies('ollama.integrations', async () => {
    const request = { model: NANO, messages: [user('What is 12 plus 30?')], integrations: ['mcp/everything'] };
    expect((await client.chat(request)).message.content).toContain('42');
  });

  verifies('ollama.images', async () => {
    const message = { ...user('What is it?'), images: ['iVBORw0KGgo='] };
    await expect(client.chat({ model: NANO, messages: [message] })).rejects.toMatchObject({
      status_code: 400,
      message: expect.stringContaining('see images'),
    });
  });
});

describe('a completion', () => {
  verifies('ollama.generate', async () => {
    const whole = await client.generate({ model: NANO, prompt: 'Repeat: red fox' });
    expect(whole).toMatchObject({ response: 'red fox', done: true, done_reason: 'stop', ...TIMES });
    const streamed = await allOf(await client.generate({ model: NANO, prompt: 'Hello', stream: true }));
    expect(streamed.map(({ response }) => response).join('')).toMatch(/\w/);
    const prompt = '<|im_start|>user\nRepeat: red fox<|im_end|>\n<|im_start|>assistant\n';
    expect((await client.generate({ model: NANO, prompt, raw: true })).response).toBe('red fox');
  });
});

describe('embeddings', () => {
  verifies('ollama.embed', async () => {
    const input = ['the cat sits', 'rain in Paris'];
    const { embeddings, prompt_eval_count } = await client.embed({ model: TINY_EMBEDDING, input });
    expect(embeddings).toHaveLength(2);
    expect(Math.hypot(...(embeddings[0] ?? []))).toBeCloseTo(1, 5);
    expect(prompt_eval_count).toBe(10);
    const old = await client.embeddings({ model: TINY_EMBEDDING, prompt: 'the cat sits' });
    expect(old.embedding).toEqual(embeddings[0]);
    const chatting = await clientWith({ actions: ['chat'], models: ['*'] });
    await expect(chatting.embed({ model: TINY_EMBEDDING, input })).rejects.toMatchObject({ status_code: 403 });
  });
});

describe('the models', () => {
  verifies('ollama.models', async () => {
    const { models } = await client.list();
    expect(models.map(({ name }) => name).toSorted()).toEqual([NANO, TINY_EMBEDDING, 'small'].toSorted());
    expect(models.find(({ name }) => name === NANO)).toMatchObject({
      size: expect.any(Number),
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      details: { format: 'gguf', quantization_level: expect.any(String), parameter_size: expect.stringMatching(/M$/) },
    });
    const shown = await client.show({ model: NANO });
    expect(shown.capabilities).toEqual(expect.arrayContaining(['completion', 'tools']));
    expect((await client.show({ model: TINY_EMBEDDING })).capabilities).toEqual(['embedding']);
    const info = new Map(Object.entries(shown.model_info));
    expect(info.get(`${info.get('general.architecture')}.context_length`)).toBeGreaterThan(1000);
    const narrow = await clientWith({ ...GRANT, models: [TINY_EMBEDDING] });
    expect((await narrow.list()).models.map(({ name }) => name)).toEqual([TINY_EMBEDDING]);
    await expect(narrow.show({ model: NANO })).rejects.toMatchObject({ status_code: 404 });
  });

  verifies('ollama.loading', async () => {
    const loader = await clientWith({ ...GRANT, actions: ['chat', 'models:read', 'models:load'] });
    const names = async (): Promise<string[]> => (await loader.ps()).models.map(({ name }) => name);
    await loader.chat({ model: NANO, messages: [], keep_alive: '2h' });
    const { models } = await loader.ps();
    const nano = models.find(({ name }) => name === NANO);
    expect(new Date(nano?.expires_at ?? 0).getTime() - Date.now()).toBeGreaterThan(6_000_000);
    // A token that may not load has no say in how long a model stays, and gets the context that there is.
    const messages = [user('Hello')];
    await client.chat({ model: NANO, messages, keep_alive: 0, options: { num_ctx: 100_000 } });
    expect(await names()).toContain(NANO);
    await expect(client.generate({ model: NANO, prompt: '', keep_alive: 0 })).rejects.toMatchObject({
      status_code: 403,
    });
    await loader.generate({ model: NANO, prompt: '', keep_alive: 0 });
    expect(await names()).not.toContain(NANO);
  });

  verifies('ollama.files', async () => {
    await expect(client.pull({ model: NANO })).rejects.toMatchObject({ status_code: 403 });
    const keeper = await clientWith({ actions: ['models:download'] });
    const refusals = [
      keeper.pull({ model: NANO }),
      keeper.delete({ model: NANO }),
      keeper.copy({ source: NANO, destination: 'other' }),
    ];
    for (const refusal of refusals) {
      await expect(refusal).rejects.toMatchObject({
        status_code: 400,
        message: expect.stringContaining('models folder'),
      });
    }
  });
});

describe('the client', () => {
  verifies('ollama.errors', async () => {
    const stranger = clientFor('sk-lm-abcdefgh:abcdefghijklmnopqrst');
    await expect(stranger.list()).rejects.toMatchObject({ status_code: 401, message: expect.any(String) });
    await expect(client.chat({ model: 'ibm/secret', messages: [user('Hi')] })).rejects.toMatchObject({
      status_code: 403,
      message: expect.stringContaining("'ibm/secret'"),
    });
    const admin = clientFor(server.adminToken);
    await expect(admin.chat({ model: 'no/such', messages: [user('Hi')] })).rejects.toMatchObject({ status_code: 404 });
  });

  verifies('ollama.port', async () => {
    const line = await server.stdout.find((one) => one.startsWith('and for clients of Ollama on '));
    const host = line.slice('and for clients of Ollama on '.length);
    expect(host).not.toBe(server.url);
    expect(await (await fetch(host)).text()).toBe('Ollama is running');
    expect((await fetch(server.url, { method: 'HEAD' })).status).toBe(200);
    expect((await fetch(`${host}/api/version`)).status).toBe(401);
    const there = new Ollama({ host, headers: { Authorization: `Bearer ${token}` } });
    expect((await there.version()).version).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await there.list()).models).toEqual((await client.list()).models);
  });
});

describe('LangChain', () => {
  verifies('langchain.ollama', async () => {
    const headers = { Authorization: `Bearer ${token}` };
    const model = new ChatOllama({ model: NANO, baseUrl: server.url, headers });
    const whole = await model.invoke('Hello');
    let text = '';
    for await (const piece of await model.stream('Hello')) text += piece.text;
    expect(text).toBe(whole.text);
    expect(whole.usage_metadata).toMatchObject({ output_tokens: expect.any(Number) });
    const getWeather = langchainTool(async ({ city }: { city: string }) => `The weather in ${city} is sunny.`, {
      ...{ name: 'get_weather', description: 'Get the weather of a city.', schema: z.object({ city: z.string() }) },
    });
    const withTools = model.bindTools([getWeather]);
    const question = new HumanMessage(QUESTION);
    const called = await withTools.invoke([question]);
    expect(called.tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'Oslo' } }]);
    const [call] = called.tool_calls ?? [];
    if (call === undefined) throw new Error('The model did not call.');
    const result = await getWeather.invoke({ ...call, type: 'tool_call' });
    expect((await withTools.invoke([question, called, result])).text).toContain('sunny');
    const embeddings = new OllamaEmbeddings({ model: TINY_EMBEDDING, baseUrl: server.url, headers });
    expect(await embeddings.embedDocuments(['rain', 'sun'])).toHaveLength(2);
  });
});
