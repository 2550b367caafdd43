import { createAuth, createMemoryTokenStore } from '@latchkey/auth-core';
import { type Grant, llm } from '@latchkey/auth-core/llm';
import type { EngineEvent } from '@latchkey/engine';
import { aborted, callsTool, message, progress, type Turn, talksUntilAborted } from '@latchkey/engine/testing';
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

const POINTS: readonly (readonly [string, () => WaitingPoint])[] = [
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
] as const;

/** Begins a request, and has it come as far as the point. */
async function waitAt({ prepare, reached }: WaitingPoint, server: TestServer, path: string, stream: boolean) {
  const { auth } = server;
  await prepare?.(server);
  const { record, token } = await auth.issue({ name: 'thief', grant: GRANT }, auth.operator());
  const words = path === '/api/v1/chat' ? { input: 'Hi' } : { messages: [{ role: 'user', content: 'Hi' }] };
  const body = { model: 'ibm/granite', ...words, integrations: ['mcp/a'], stream };
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
  it.each(POINTS)('%s', async (_point, newPoint) => {
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

  it.each(POINTS)('%s', async (_point, newPoint) => {
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
