import { EventEmitter } from 'node:events';
import type { Grant } from '@latchkey/auth-core/llm';
import { says } from '@latchkey/engine/testing';
import { pino } from 'pino';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { WebSocket } from 'ws';
import type { App } from '../../src/http/app.ts';
import { conversation } from '../../src/http/bodies.ts';
import { json, lines } from '../../src/http/reply.ts';
import { SdkConnection } from '../../src/sdk-socket/connection.ts';
import { TokenPlaces } from '../../src/sdk-socket/token-places.ts';
import { newServer, type TestServer } from '../http/new-server.ts';
import { helloOf, listenForSdk, RawConnection } from './raw-connection.ts';

afterEach(() => vi.useRealTimers());

const GRANT: Grant = { actions: ['chat', 'models:read', 'models:load'], models: ['ibm/*'] };
const specifier = { type: 'instanceReference', instanceReference: 'ibm/granite' };
const chat = {
  modelSpecifier: specifier,
  history: { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }] },
  predictionConfigStack: { layers: [] },
};
const call = (callId: number, endpoint: string, parameter: object = {}) => ({
  ...{ type: 'rpcCall', endpoint, callId, parameter },
});
const channel = (channelId: number, endpoint: string, creationParameter: object = {}) => ({
  ...{ type: 'channelCreate', endpoint, channelId, creationParameter },
});
const HELLO = helloOf('sk-lm-abcdefgh:abcdefghijklmnopqrst');
const getOrLoad = { identifier: 'ibm/granite' };

/** A connection to the namespace of chats, with a token that is proved. */
async function openConnection({ sdk, issue }: TestServer, bounds = {}): Promise<RawConnection> {
  const { port } = await listenForSdk(sdk, bounds);
  const connection = new RawConnection(port, '/llm');
  connection.send(helloOf(await issue(GRANT)));
  await connection.until('"success":true');
  return connection;
}

describe('a call of an endpoint that answers on channels', () => {
  it.each([
    ['predict', chat],
    ['completeRawText', { ...chat, rawPrompt: 'Hi' }],
    ['getOrLoad', getOrLoad],
    ['loadModel', { modelKey: 'ibm/granite' }],
  ])('is refused, and keeps no model in memory (%s)', async (endpoint, parameter) => {
    const server = await newServer();
    server.engine.otherwise = says('Good day');
    const connection = await openConnection(server);
    connection.send(call(1, endpoint, parameter));
    expect(await connection.until('"callId":1')).toContain('rpcError');
    connection.send(call(2, 'unloadModel', { identifier: 'ibm/granite' }));
    await connection.until('"callId":2');
    // It is unloaded as soon as nothing uses it.
    for (let id = 3; !(await connection.until(`"callId":${id - 1}`)).includes('"result":[]'); id += 1) {
      connection.send(call(id, 'listLoaded'));
    }
  });
});

describe('the tokens of a text', () => {
  it('are refused in words where the engine of the model does not show its prompts', async () => {
    const connection = await openConnection(await newServer());
    connection.send(call(1, 'tokenize', { specifier, inputString: 'Hi' }));
    expect(await connection.until('"callId":1')).toContain('does not show its prompts');
  });

  it('are those of a model that the token may use', async () => {
    const connection = await openConnection(await newServer());
    const other = { type: 'instanceReference', instanceReference: 'other/model' };
    connection.send(call(1, 'tokenize', { specifier: other, inputString: 'Hi' }));
    expect(await connection.until('"callId":1')).toContain('AUTH_PERMISSION_DENIED');
  });
});

describe('a channel that fails', () => {
  const loading = async () => {
    const server = await newServer();
    server.engine.holdLoads = true;
    const connection = await openConnection(server);
    connection.send(channel(1, 'getOrLoad', getOrLoad));
    await connection.until('startLoading');
    return { server, connection };
  };
  const goesOn = async (connection: RawConnection) => {
    connection.send({ type: 'keepAlive' });
    await connection.until('keepAliveAck');
  };

  it('ends with an error, and no other does, when a model cannot be loaded', async () => {
    const { server, connection } = await loading();
    server.engine.loads[0]?.fail(new Error('the file is broken'));
    expect(await connection.until('channelError')).toContain('"errorData":{"code":');
    await goesOn(connection);
  });

  it('ends with an error, and no other does, when a program cancels the loading of a model', async () => {
    const { connection } = await loading();
    connection.send({ type: 'channelSend', channelId: 1, message: { type: 'cancel' } });
    expect(await connection.until('channelError')).toContain('cancelled');
    await goesOn(connection);
  });

  it('ends with an error, and no other does, when its stream breaks', async () => {
    const broken = async function* (): AsyncGenerator<string> {
      yield '{"type":"first"}\n';
      throw new Error('a fault');
    };
    const { port } = await listenForSdk(async ({ target }) =>
      target === '/llm/broken' ? lines(broken()) : target === '/authenticate' ? lines(forever()) : json({}),
    );
    const connection = new RawConnection(port, '/llm');
    connection.send(HELLO);
    await connection.until('"success":true');
    connection.send(channel(1, 'broken'));
    expect(await connection.until('channelError')).not.toContain('a fault');
    await goesOn(connection);
  });
});

describe('a connection', () => {
  it('takes no messages after its end', async () => {
    const server = await newServer();
    const connection = await openConnection(server);
    for (let count = 0; count < 17; count += 1) connection.send({ type: 'nonsense' });
    await connection.until('not the protocol');
    connection.send(call(1, 'listLoaded'));
    connection.answerClose();
    await connection.closed();
    expect(server.log.filter((line) => line.includes('/llm/listLoaded'))).toEqual([]);
  });

  it('is not read while its other end takes no answers', async () => {
    const { socket } = await openHeld(async () => lines(forever()));
    const messages = [{ type: 'keepAlive' }, { type: 'signalSubscribe', subscribeId: 1 }];
    while (!socket.isPaused && socket.unsent.length < 10_000) {
      for (const message of messages) socket.say(message);
      await new Promise(setImmediate);
    }
    expect([socket.isPaused, socket.unsent.length]).toEqual([true, expect.closeTo(256, -1)]);
    socket.takeAll();
    await socket.until(() => !socket.isPaused);
    socket.emit('close');
  });

  it('is ended when its other end takes nothing for a minute, whatever else it answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { socket } = await openHeld(async () => lines(forever()));
    socket.say({ type: 'keepAlive' });
    socket.say({ type: 'keepAlive' });
    await socket.until(() => socket.unsent.length === 2);
    await vi.advanceTimersByTimeAsync(50_000);
    socket.takeOne();
    await vi.advanceTimersByTimeAsync(50_000);
    expect(socket.isTerminated).toBe(false);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(socket.isTerminated).toBe(true);
  });

  it('does not wait for an answer that is not taken when its token ends', async () => {
    const token = Promise.withResolvers<void>();
    const { socket } = await openHeld(async ({ target }) =>
      target === '/authenticate' ? lines(until(token.promise)) : lines(forever()),
    );
    socket.say(channel(1, 'predict'));
    await socket.until(() => socket.unsent.length === 1);
    token.resolve();
    await socket.until(() => socket.closed === 'the token has ended');
  });

  it('ends after its token, although its other end does not answer the close', async () => {
    const token = Promise.withResolvers<void>();
    const { port } = await listenForSdk(async () => lines(until(token.promise)));
    const connection = new RawConnection(port, '/llm');
    connection.send(HELLO);
    await connection.until('"success":true');
    token.resolve();
    expect(await connection.closed()).toContain('the token has ended');
  });

  it.each(['beginning', 'fragment', 'fragment with pongs between'])(
    'is ended when a message has begun and does not end (%s)',
    async (kind) => {
      const connection = await openConnection(await newServer(), { messageMilliseconds: 50 });
      if (kind === 'beginning') connection.sendBeginning();
      else connection.sendFragment();
      const ponging = kind.endsWith('between') ? setInterval(() => connection.sendPong(), 10) : undefined;
      await connection.closed();
      clearInterval(ponging);
    },
  );
});

describe('the connections of a token', () => {
  const connect = async (port: number, token: string): Promise<RawConnection> => {
    const connection = new RawConnection(port, '/llm');
    connection.send(helloOf(token));
    return connection;
  };

  it('are bounded together with those of the tokens that were derived from it, and leave places for others', async () => {
    const server = await newServer();
    const { port } = await listenForSdk(server.sdk, { connectionsPerToken: 2 });
    const { auth } = server;
    const token = await server.issue(GRANT);
    const derived = await auth.exchange({ name: 'derived' }, await auth.verify(token));
    const first = await connect(port, token);
    await first.until('"success":true');
    await (await connect(port, derived.token)).until('"success":true');
    for (const refused of [token, derived.token]) {
      const words = 'This token has 2 connections already. Close some of them first.';
      expect(await (await connect(port, refused)).closed()).toContain(words);
    }
    await (await connect(port, await server.issue(GRANT))).until('"success":true');
    first.end();
    await vi.waitFor(async () => (await connect(port, token)).until('"success":true'));
  });
});

describe('a connection without a token', () => {
  it('is ended when it sends more than a token', async () => {
    const { port } = await listenForSdk((await newServer()).sdk);
    const connection = new RawConnection(port, '/llm');
    await connection.until('101 Switching');
    connection.send({ ...HELLO, more: 'x'.repeat(50_000) });
    expect(await connection.closed()).not.toContain('success');
  });

  it('does not keep those with a token out, however many there are', async () => {
    const server = await newServer();
    const { port } = await listenForSdk(server.sdk);
    const strangers = Array.from({ length: 64 }, () => new RawConnection(port, '/llm'));
    for (const stranger of strangers) await stranger.until('101 Switching');
    const connection = new RawConnection(port, '/llm');
    connection.send(helloOf(await server.issue(GRANT)));
    await connection.until('"success":true');
    await strangers[0]?.closed();
  });
});

describe('a handshake that is refused', () => {
  it('leaves no connection, although its other end keeps it open', async () => {
    const { port, close } = await listenForSdk((await newServer()).sdk);
    const connections = ['/elsewhere', '/llm/predict'].map((path) => new RawConnection(port, path));
    for (const connection of connections) expect(await connection.closed()).toMatch(/HTTP\/1.1 40[45]/);
    await close();
  });

  it('is one whose app fails, and nothing else ends', async () => {
    const { port, close } = await listenForSdk(() => Promise.reject(new Error('a fault')));
    expect(await new RawConnection(port, '/llm').closed()).toContain('HTTP/1.1 500');
    await close();
  });
});

async function* forever(): AsyncGenerator<string> {
  yield '{}\n';
  await new Promise(() => {});
}

async function* until(end: Promise<void>): AsyncGenerator<string> {
  yield '{}\n';
  await end;
}

/** A connection whose token is proved, and whose other end takes nothing from then on. */
async function openHeld(app: App): Promise<{ readonly socket: HeldSocket; readonly connection: SdkConnection }> {
  const socket = new HeldSocket();
  onTestFinished(() => void socket.emit('close'));
  const connection = new SdkConnection(socket as unknown as WebSocket, {
    ...{ app, authenticatePath: '/authenticate', logger: pino({ level: 'silent' }), connection: {} },
    ...{ rawHeaders: [], namespace: 'llm', body: conversation(100_000), patienceMilliseconds: 60_000 },
    places: new TokenPlaces(1),
  });
  socket.say(HELLO);
  await socket.until(() => socket.unsent.length === 1);
  socket.takeAll();
  await socket.until(() => connection.isAuthenticated);
  await new Promise(setImmediate);
  return { socket, connection };
}

/** A socket whose other end takes nothing. */
class HeldSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  /** What is called when a message was taken. */
  readonly unsent: (() => void)[] = [];
  readonly bufferedAmount = 1600;
  isPaused = false;
  isTerminated = false;
  /** Why it was closed. */
  closed: string | undefined;

  say(message: object): void {
    this.emit('message', Buffer.from(JSON.stringify(message)), false);
  }

  send(_: string, taken: () => void): void {
    this.unsent.push(taken);
  }

  takeOne(): void {
    this.unsent.shift()?.();
  }

  takeAll(): void {
    for (const taken of this.unsent.splice(0)) taken();
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(_: number, reason: string): void {
    this.closed = reason;
  }

  terminate(): void {
    this.isTerminated = true;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise(setImmediate);
  }
}
