import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { listenOn } from '../src/listening.ts';
import type { SdkSockets } from '../src/sdk-socket/sockets.ts';

const UNTAKEN_MILLISECONDS = 100;

/** Asks a server that answers so, and reads nothing until it is told to. */
async function ask(request: RequestListener, keepAliveTimeout = 5000): Promise<Socket> {
  const sockets = { close: () => {}, cut: () => {} } as SdkSockets;
  const answering = { request, localRequest: request, sockets, untakenMilliseconds: UNTAKEN_MILLISECONDS };
  const places = { host: '127.0.0.1', ports: [0], paths: [], inherited: [], check: () => {} };
  const listening = await listenOn(places, { keepAliveTimeout }, answering);
  onTestFinished(() => listening.cut());
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(listening.urls[0] ?? '').port) });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {}).pause();
  socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  return socket;
}

const later = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

it('an answer whose reader takes nothing is ended, and what it holds is released', async () => {
  const closed = Promise.withResolvers<boolean>();
  await ask((_, response) => {
    response.once('close', () => closed.resolve(response.writableFinished));
    Readable.from(
      (function* () {
        for (;;) yield 'x'.repeat(65_536);
      })(),
    ).pipe(response);
  });
  expect(await closed.promise).toBe(false);
});

it('an answer that takes long to begin is waited for', async () => {
  const socket = await ask(async (_, response) => {
    await later(5 * UNTAKEN_MILLISECONDS);
    response.end('Good day');
  });
  socket.resume();
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(String(answer)).toContain('Good day');
});

it('a connection without a request is closed after the time for that', async () => {
  const socket = await ask((_, response) => void response.end('Good day'), 50);
  socket.resume();
  await once(socket, 'close');
});
