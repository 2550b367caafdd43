import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import type { EngineEvent } from '@latchkey/engine';
import {
  aborted,
  callsTool,
  describedModel,
  message,
  progress,
  type Turn,
  talksUntilAborted,
} from '@latchkey/engine/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Answer, open, send } from '../http/in-process-client.ts';
import { newServer, type TestServer, type TestServerOptions } from '../http/new-server.ts';

const MCP = { 'mcp/a': { tools: { hang: {}, echo: { approval: 'ask' as const } } } };
// A limit of tokens has the prompt counted before the model's queue is entered.
const GRANT: Grant = {
  actions: ['chat'],
  models: ['*'],
  mcp: MCP,
  limits: { tokensPerDay: 5000, concurrentRequests: 5 },
};

/** Somewhere to wait: what the server is set up with, and a promise that the request has come so far. */
interface WaitingPoint {
  readonly options?: TestServerOptions;
  readonly prepare?: (server: TestServer) => Promise<void>;
  readonly reached: (server: TestServer) => Promise<unknown>;
  /** What ends with the request. */
  readonly ended?: Promise<void>;
}

/** A turn that reports when it has begun, says this, and then nothing until it is ended. */
function stopsAfter(events: readonly EngineEvent[]) {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const turn: Turn = async function* (_request, signal) {
    yield* events;
    resolve();
    await aborted(signal);
    end();
  };
  return { turn, begun, ended };
}

const inTheEngine = (events: readonly EngineEvent[]) => (): WaitingPoint => {
  const { turn, begun, ended } = stopsAfter(events);
  return { options: { turns: [turn] }, reached: () => begun, ended };
};

const entry = async ({ audit }: TestServer, type: string): Promise<void> => {
  await expect.poll(async () => (await audit.list({ type })).length).toBeGreaterThan(0);
};

type Point = readonly [string, () => WaitingPoint];

const POINTS: readonly Point[] = [
  [
    'in the queue of a model',
    () => {
      const counted = Promise.withResolvers<void>();
      return {
        options: { turns: [talksUntilAborted, talksUntilAborted] },
        async prepare(server) {
          const other = await server.issue({ actions: ['chat'], models: ['*'] }, 'other');
          for (let place = 0; place < 2; place += 1) {
            const body = { model: 'ibm/granite', input: 'Go on', stream: true };
            const stream = await open(server.app, { method: 'POST', path: '/api/v1/chat', token: other, body });
            await stream.received('"and "');
          }
          server.engine.countPrompt = () => {
            counted.resolve();
            return 5;
          };
        },
        reached: () => counted.promise,
      };
    },
  ],
  [
    'for a model that loads',
    () => ({
      prepare: async ({ engine }) => {
        engine.holdLoads = true;
      },
      reached: ({ engine }) => expect.poll(() => engine.loads.length).toBe(1),
    }),
  ],
  ['while its prompt is read', inTheEngine([progress(1, 5)])],
  ['while its answer is generated', inTheEngine([progress(), message('and ')])],
];

const TOOL_POINTS: readonly Point[] = [
  [
    'for a tool',
    () => ({ options: { turns: [callsTool('hang')] }, reached: (server) => entry(server, 'tool.called') }),
  ],
  [
    'for a person',
    () => ({
      options: { turns: [callsTool('echo', { text: 'x' })], approvalSeconds: 600 },
      reached: (server) => entry(server, 'approval.requested'),
    }),
  ],
];

const WAYS = [
  ['whole answers of LM Studio', '/api/v1/chat', false],
  ['streams of LM Studio', '/api/v1/chat', true],
  ['whole answers of OpenAI', '/v1/chat/completions', false],
  ['streams of OpenAI', '/v1/chat/completions', true],
  ['whole answers of Anthropic', '/v1/messages', false],
  ['streams of Anthropic', '/v1/messages', true],
  ['whole responses of OpenAI', '/v1/responses', false],
  ['streamed responses of OpenAI', '/v1/responses', true],
  ['whole completions of OpenAI', '/v1/completions', false],
  ['streamed completions of OpenAI', '/v1/completions', true],
] as const;

/** A completion has no tools. */
const pointsOf = (path: string): readonly Point[] =>
  path === '/v1/completions' ? POINTS : [...POINTS, ...TOOL_POINTS];

/** What is said on each path. */
const WORDS: Readonly<Record<string, object>> = {
  '/api/v1/chat': { input: 'Hi' },
  '/v1/responses': { input: 'Hi' },
  '/v1/completions': { prompt: 'Hi' },
};

/** Begins a request, and has it come as far as the point. */
async function waitAt({ prepare, reached }: WaitingPoint, server: TestServer, path: string, stream: boolean) {
  const { auth } = server;
  await prepare?.(server);
  const { record, token } = await auth.issue({ name: 'thief', grant: GRANT }, auth.operator());
  const words = WORDS[path] ?? { messages: [{ role: 'user', content: 'Hi' }] };
  const most = path === '/v1/messages' ? { max_tokens: 100 } : {};
  const body = { model: 'ibm/granite', ...words, ...most, integrations: ['mcp/a'], stream };
  const answering = send(server.app, { method: 'POST', path, token, body });
  await Promise.race([reached(server), answering.then(({ text }) => expect.fail(text))]);
  return { id: record.id, answering };
}

async function isEnded(answering: Promise<Answer>, stream: boolean, { ended }: WaitingPoint): Promise<void> {
  const answer = await answering;
  expect(answer.text).toContain('token_revoked');
  // A stream that has begun has its status behind it.
  expect([401, ...(stream ? [200] : [])]).toContain(answer.status);
  await ended;
}

describe.each(WAYS)('a token that is revoked ends what waits: %s', (_dialect, path, stream) => {
  it.each(pointsOf(path))('%s', async (_point, newPoint) => {
    const point = newPoint();
    const server = await newServer(point.options);
    const { id, answering } = await waitAt(point, server, path, stream);
    await server.auth.revoke(id, server.auth.operator());
    await isEnded(answering, stream, point);
  });
});

describe.each(WAYS)('a token revoked on another server ends what waits, within a second: %s', (_, path, stream) => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(pointsOf(path))('%s', async (_point, newPoint) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    const point = newPoint();
    const tokenStore = createMemoryTokenStore();
    const server = await newServer({ ...point.options, tokenStore });
    // It has the same secret and the same store, and no other way to tell.
    const elsewhere = createAuth({ vocabulary: llm, store: tokenStore, digestKey: new Uint8Array(32).fill(7) });
    const { id, answering } = await waitAt(point, server, path, stream);
    await elsewhere.revoke(id, elsewhere.operator());
    await vi.advanceTimersByTimeAsync(1000);
    await isEnded(answering, stream, point);
  });
});

const COUNTS = [
  ['of Anthropic', '/v1/messages/count_tokens', { messages: [{ role: 'user', content: 'Hi' }] }],
  ['of OpenAI', '/v1/responses/input_tokens', { input: 'Hi' }],
] as const;

describe.each(COUNTS)('a token that is revoked ends a count that waits: %s', (_, path, words) => {
  const count = async (server: TestServer, reached: Promise<unknown>): Promise<Answer> => {
    const { auth } = server;
    const { record, token } = await auth.issue({ name: 'thief', grant: GRANT }, auth.operator());
    const answering = send(server.app, { method: 'POST', path, token, body: { model: 'ibm/granite', ...words } });
    await reached;
    await auth.revoke(record.id, auth.operator());
    return answering;
  };

  it('for a model that loads', async () => {
    const server = await newServer();
    server.engine.holdLoads = true;
    const loading = expect.poll(() => server.engine.loads.length).toBe(1);
    expect((await count(server, loading)).status).toBe(401);
  });

  it('while its prompt is counted', async () => {
    const server = await newServer();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    server.engine.countPrompt = () => {
      begin();
      return new Promise(() => {});
    };
    expect((await count(server, begun)).status).toBe(401);
  });
});

describe('a token that is revoked ends embeddings that wait', () => {
  /** A model that reads inputs until it is told to stop, and has read three tokens of each by then. */
  async function embeddings() {
    const server = await newServer();
    const { app, auth, engine } = server;
    let [counted, running] = [0, 0];
    engine.describe = () => describedModel({ type: 'embedding' });
    engine.embedder = {
      count: async () => {
        counted += 1;
        return 7;
      },
      embed: async (_request, signal) => {
        running += 1;
        await aborted(signal);
        return { vectors: [], promptTokens: 3 };
      },
    };
    const grant: Grant = { ...GRANT, actions: ['embeddings'] };
    const admin = await server.issue({ actions: ['*'] }, 'admin');
    const ask = (token: string) =>
      send(app, { method: 'POST', path: '/v1/embeddings', token, body: { model: 'ibm/granite', input: 'Hi' } });
    /** What a token has used that is revoked when its request has come so far. */
    const revokedAt = async (reached: () => Promise<unknown>): Promise<unknown> => {
      const { record, token } = await auth.issue({ name: 'thief', grant }, auth.operator());
      const answering = ask(token);
      await reached();
      await auth.revoke(record.id, auth.operator());
      expect((await answering).status).toBe(401);
      const { totals } = (await send(app, { path: `/api/v1/usage?token=${record.id}`, token: admin })).json();
      return totals;
    };
    const reads = (count: number) => () => expect.poll(() => running).toBe(count);
    const isCounted = () => expect.poll(() => counted).toBe(1);
    return { server, ask, revokedAt, reads, isCounted };
  }

  const NOTHING = { requests: 0, inputTokens: 0 };

  it('for a model that loads', async () => {
    const { server, revokedAt } = await embeddings();
    server.engine.holdLoads = true;
    const loads = () => expect.poll(() => server.engine.loads.length).toBe(1);
    expect(await revokedAt(loads)).toMatchObject(NOTHING);
  });

  it('in the queue of a model, where they have used nothing', async () => {
    const { server, ask, revokedAt, reads, isCounted } = await embeddings();
    const other = await server.issue({ actions: ['embeddings'], models: ['*'] }, 'other');
    const busy = [ask(other), ask(other)];
    await reads(2)();
    expect(await revokedAt(isCounted)).toMatchObject(NOTHING);
    server.stop.abort();
    await Promise.all(busy);
  });

  it('while their inputs are read, and what was read is used', async () => {
    const { revokedAt, reads } = await embeddings();
    expect(await revokedAt(reads(1))).toMatchObject({ requests: 1, inputTokens: 3 });
  });
});
