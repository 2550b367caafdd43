import type { Grant } from '@latchkey/auth-core/llm';
import { Chat, LMStudioClient, tool } from '@lmstudio/sdk';
import { LMStudioClient as OlderClient } from 'lmstudio-sdk-1';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { z } from 'zod/v3';
import { makeModelsFolder, TINY_EMBEDDING } from '../support/embedding-models.ts';
import { talkOn } from '../support/raw-socket.ts';
import { NANO, startServer, type TestServer } from '../support/server.ts';
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { createToken, type HeldToken } from '../support/tokens.ts';
import { verifies } from '../support/verifies.ts';

const GRANT: Grant = { actions: ['chat', 'embeddings', 'models:read'], models: ['latchkey/*'] };

let folder: TemporaryFolder;
let server: TestServer;
/** Its model talks until its context is full. */
let talkative: TestServer;
let holder: HeldToken;
let client: LMStudioClient;
beforeAll(async () => {
  folder = createTemporaryFolder();
  const models = makeModelsFolder(folder.path);
  server = await startServer({ config: { models, aliases: { small: NANO } } });
  talkative = await startServer({ config: { sampling: { '*': { temperature: 0, repeatPenalty: 0.2 } } } });
  holder = await createToken(server, 'sdk', GRANT);
  client = clientFor(holder.token);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await talkative[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const socketOf = ({ url }: TestServer): string => url.replace('http', 'ws');
// The SDK writes each connection that ends into its log.
const silent = () => {};
const logger = { info: silent, error: silent, warn: silent, debug: silent };
const clientFor = (apiToken: string, at = server): LMStudioClient =>
  new LMStudioClient({ baseUrl: socketOf(at), apiToken, logger, verboseErrorMessages: false });
const clientWith = async (grant: Grant): Promise<LMStudioClient> =>
  clientFor((await createToken(server, 'other', grant)).token);
const messageOf = (outcome: PromiseLike<unknown>): Promise<string> =>
  Promise.resolve(outcome).then(
    () => 'no failure',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );

/** What both versions of the SDK are asked in the same way. */
const VERSIONS = [
  { name: '2.x', make: () => clientFor(holder.token) },
  {
    name: '1.5',
    make: () => {
      // The older SDK takes the two parts of a key as the name and the passkey of a client.
      const [clientIdentifier = '', clientPasskey = ''] = holder.token.slice('sk-lm-'.length).split(':');
      return new OlderClient({ baseUrl: socketOf(server), clientIdentifier, clientPasskey, logger });
    },
  },
];

describe.each(VERSIONS)("LM Studio's SDK $name", ({ name, make }) => {
  verifies(
    'sdk.respond',
    async () => {
      const model = await make().llm.model(NANO);
      const prediction = model.respond('Repeat: red fox', { temperature: 0, maxTokens: 50 });
      let text = '';
      for await (const { content } of prediction) text += content;
      const { content, stats } = await prediction.result();
      expect([text, content]).toEqual(['red fox', 'red fox']);
      expect(stats).toMatchObject({ stopReason: 'eosFound', predictedTokensCount: expect.any(Number) });
      const stopped = await model.respond('Repeat: red fox', { temperature: 0, stopStrings: [' fox'] }).result();
      expect([stopped.content, stopped.stats.stopReason]).toEqual(['red', 'stopStringFound']);
    },
    name,
  );

  verifies(
    'sdk.complete',
    async () => {
      const model = await make().llm.model('small');
      const prompt = '<|im_start|>user\nRepeat: red fox<|im_end|>\n<|im_start|>assistant\n';
      expect((await model.complete(prompt, { temperature: 0, maxTokens: 50 }).result()).content).toBe('red fox');
      expect(await model.getContextLength()).toBeGreaterThan(1000);
      expect(await model.countTokens('red fox')).toBeGreaterThan(0);
    },
    name,
  );

  verifies(
    'sdk.tokens',
    async () => {
      const model = await make().llm.model(NANO);
      const tokens = await model.tokenize('red fox');
      expect([tokens.length, tokens.every(Number.isInteger)]).toEqual([await model.countTokens('red fox'), true]);
      const prompt = await model.applyPromptTemplate([{ role: 'user', content: 'Where is the red fox?' }]);
      // The prompt is the one that a chat has: with its tokens, the template is not applied once more.
      expect(prompt).toContain('<|im_start|>user\nWhere is the red fox?<|im_end|>');
      const { stats } = await model.respond('Where is the red fox?');
      expect(stats.promptTokensCount).toBe(await model.countTokens(prompt));
    },
    name,
  );

  verifies(
    'sdk.embed',
    async () => {
      const model = await make().embedding.model(TINY_EMBEDDING);
      const [cat, rain] = await model.embed(['the cat sits', 'rain in Paris']);
      expect(Math.hypot(...(cat?.embedding ?? []))).toBeCloseTo(1, 5);
      expect(rain?.embedding).toHaveLength(cat?.embedding.length ?? 0);
    },
    name,
  );

  verifies(
    'sdk.models',
    async () => {
      const sdk = make();
      await sdk.llm.model(NANO);
      expect((await sdk.llm.listLoaded()).map(({ identifier }) => identifier)).toEqual([NANO]);
      const downloaded = await sdk.system.listDownloadedModels();
      expect(downloaded.map(({ modelKey }) => modelKey).toSorted()).toEqual([TINY_EMBEDDING, NANO].toSorted());
      expect((await sdk.system.getLMStudioVersion()).version).toMatch(/^\d+\.\d+\.\d+$/);
    },
    name,
  );
});

describe("LM Studio's SDK", () => {
  verifies('sdk.act', async () => {
    const asked: string[] = [];
    const weather = tool({
      name: 'get_weather',
      description: 'Get the weather of a city.',
      parameters: { city: z.string() },
      implementation: ({ city }) => {
        asked.push(city);
        return `The weather in ${city} is sunny.`;
      },
    });
    const model = await client.llm.model(NANO);
    const said: string[] = [];
    await model.act('What is the weather in Oslo?', [weather], {
      temperature: 0,
      onMessage: (message) => said.push(message.getText()),
    });
    expect(asked).toEqual(['Oslo']);
    expect(said.at(-1)).toContain('sunny');
  });

  verifies('sdk.structured', async () => {
    const model = await client.llm.model(NANO);
    const structured = z.object({ name: z.string(), age: z.number().int(), city: z.string() });
    const chat = Chat.from([
      { role: 'user', content: 'Extract name, age, city as JSON: Mei is 31 years old and lives in Oslo.' },
    ]);
    const { parsed } = await model.respond(chat, { structured, temperature: 0 }).result();
    expect(parsed).toEqual({ name: 'Mei', age: 31, city: 'Oslo' });
  });

  verifies('sdk.cancel', async () => {
    const talker = clientFor((await createToken(talkative, 'talker', GRANT)).token, talkative);
    const prediction = (await talker.llm.model(NANO)).respond('Repeat: red fox');
    for await (const _ of prediction) {
      await prediction.cancel();
      break;
    }
    expect((await prediction.result()).stats.stopReason).toBe('userStopped');
  });

  verifies('sdk.loading', async () => {
    const model = await client.llm.model(NANO);
    expect(await messageOf(client.llm.unload(NANO))).toContain('Permission denied');
    expect(await messageOf(client.llm.load(NANO))).toContain('Permission denied');
    const loader = await clientWith({ ...GRANT, actions: ['chat', 'models:read', 'models:load'] });
    await loader.llm.unload(model.identifier);
    expect(await loader.llm.listLoaded()).toEqual([]);
    const progress: number[] = [];
    const loaded = await loader.llm.load(NANO, { onProgress: (part) => progress.push(part), verbose: false });
    expect(loaded.identifier).toBe(NANO);
    expect(progress.at(-1)).toBe(1);
  });
});

describe('a connection of the SDK', () => {
  verifies('sdk.authentication', async () => {
    const stranger = clientFor('sk-lm-abcdefgh:abcdefghijklmnopqrst');
    expect(await messageOf(stranger.llm.listLoaded())).toContain('Failed to authenticate');
    const guest = new LMStudioClient({ baseUrl: socketOf(server), logger, verboseErrorMessages: false });
    expect(await messageOf(guest.llm.listLoaded())).toContain('Failed to authenticate');
  });

  verifies('sdk.permissions', async () => {
    const narrow = await clientWith({ ...GRANT, models: [TINY_EMBEDDING] });
    expect(await messageOf(narrow.llm.model(NANO))).toContain(`use model '${NANO}'`);
    expect(await narrow.llm.listLoaded()).toEqual([]);
    expect((await narrow.system.listDownloadedModels()).map(({ modelKey }) => modelKey)).toEqual([TINY_EMBEDDING]);
    const reader = await clientWith({ actions: ['models:read'], models: ['*'] });
    expect(await messageOf(reader.llm.model(NANO))).toContain('ermission');
    expect(await messageOf((await clientWith({ ...GRANT, limits: { tokensPerDay: 1 } })).llm.model(NANO))).toBe(
      'no failure',
    );
    const poor = await (await clientWith({ ...GRANT, limits: { tokensPerDay: 1 } })).llm.model(NANO);
    expect(await messageOf(poor.respond('Hello').result())).toContain('tokensPerDay');
  });

  verifies('sdk.revoked', async () => {
    const talker = await createToken(talkative, 'talker', GRANT);
    // A connection on which nothing runs: it is admitted before the model is loaded for the other one.
    const [clientIdentifier, clientPasskey] = talker.token.slice('sk-lm-'.length).split(':');
    const hello = JSON.stringify({ authVersion: 1, clientIdentifier, clientPasskey });
    const idle = talkOn(`${socketOf(talkative)}/system`, [hello]);
    const prediction = (await clientFor(talker.token, talkative).llm.model(NANO)).respond('Repeat: red fox');
    const reading = messageOf(prediction.result());
    for await (const _ of prediction) break;
    const revoked = await talkative.admin.post(`/api/v1/tokens/${talker.id}/revoke`, {});
    expect(revoked.status).toBe(200);
    expect(await reading).toContain('ended');
    expect(await idle).toMatchObject({ opened: true, code: 1008 });
  });

  verifies('sdk.bounds', async () => {
    const [clientIdentifier, clientPasskey] = holder.token.slice('sk-lm-'.length).split(':');
    const hello = JSON.stringify({ authVersion: 1, clientIdentifier, clientPasskey });
    const url = `${socketOf(server)}/llm`;
    const call = JSON.stringify({ type: 'rpcCall', endpoint: 'listLoaded', callId: 1 });
    const answered = await talkOn(url, [hello, call], { closeAfter: 2 });
    expect(answered.messages.map((text) => JSON.parse(text))).toMatchObject([
      { success: true },
      { type: 'rpcResult', callId: 1, result: expect.any(Array) },
    ]);
    // A web page of another origin, and a path that is none.
    expect(await talkOn(url, [hello], { headers: { origin: 'https://evil.example' } })).toMatchObject({
      opened: false,
    });
    expect(await talkOn(`${socketOf(server)}/elsewhere`, [hello])).toMatchObject({ opened: false });
    expect(await talkOn(`${socketOf(server)}/llm/predict`, [hello])).toMatchObject({ opened: false });
    // A first message that is no authentication, one that is too long, and messages of no protocol.
    expect((await talkOn(url, [call])).messages).toMatchObject([expect.stringContaining('"success":false')]);
    expect(await talkOn(url, [hello, 'x'.repeat(9_000_000)])).toMatchObject({ code: 1009 });
    const nonsense = Array.from({ length: 40 }, () => '{"type":"nonsense"}');
    expect(await talkOn(url, [hello, ...nonsense])).toMatchObject({ code: 1008 });
    const deep = `{"type":"rpcCall","endpoint":"listLoaded","callId":1,"parameter":${'['.repeat(500)}${']'.repeat(500)}}`;
    expect((await talkOn(url, [hello, deep], { closeAfter: 2 })).messages.at(-1)).toContain('communicationWarning');
    expect((await fetch(`${server.url}/llm/listLoaded`, { method: 'POST' })).status).toBe(404);
    expect((await server.admin.get('/health')).status).toBe(200);
  });

  verifies('sdk.unknown', async () => {
    expect(await messageOf(client.repository.searchModels({ searchTerm: 'x' }))).toContain('There is nothing at');
  });
});
