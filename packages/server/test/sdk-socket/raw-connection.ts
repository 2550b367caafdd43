import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { App } from '../../src/http/app.ts';
import { type Listening, listenOn } from '../../src/listening.ts';
import { AUTHENTICATE_PATH } from '../../src/sdk-routes.ts';
import { SdkSockets, type SdkSocketsOptions } from '../../src/sdk-socket/sockets.ts';

/** Listens for connections of the SDK, whose requests this app answers. */
export async function listenForSdk(
  app: App,
  bounds: Partial<Pick<SdkSocketsOptions, 'connectionsPerToken' | 'messageMilliseconds'>> = {},
): Promise<Listening & { readonly port: number }> {
  const logger = pino({ level: 'silent' });
  const parts = { app, authenticatePath: AUTHENTICATE_PATH, logger };
  const sockets = new SdkSockets({ ...parts, bodyBytes: 100_000, connectionsPerToken: 128, ...bounds });
  const request = (_: unknown, response: { end(): void }): void => response.end();
  const listening = await listenOn(
    { host: '127.0.0.1', ports: [0], paths: [], inherited: [], check: () => {} },
    {},
    { request, localRequest: request, sockets },
  );
  onTestFinished(() => listening.cut());
  return { ...listening, port: Number(new URL(listening.urls[0] ?? '').port) };
}

/** The first message of a program with this token. */
export function helloOf(token: string): object {
  const [clientIdentifier, clientPasskey] = token.slice('sk-lm-'.length).split(':');
  return { authVersion: 1, clientIdentifier, clientPasskey };
}

/** The other end of a connection, which sends what it likes and closes nothing. */
export class RawConnection {
  readonly #socket: Socket;
  #received = '';

  constructor(port: number, path: string) {
    this.#socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    onTestFinished(() => void this.#socket.destroy());
    this.#socket
      .on('error', () => {})
      .on('data', (chunk: Buffer) => {
        this.#received += chunk.toString('latin1');
      });
    const headers = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}`;
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n\r\n`);
  }

  /** Sends a message. */
  send(message: object): void {
    this.#write(TEXT, Buffer.from(JSON.stringify(message)));
  }

  /** Sends the beginning of a message whose rest never comes. */
  sendBeginning(): void {
    this.#socket.write(Buffer.from([0x80 | TEXT, 0x80 | 100, 0, 0, 0, 0, 0x7b]));
  }

  /** Sends the first fragment of a message. */
  sendFragment(): void {
    this.#socket.write(Buffer.from([TEXT, 0x80 | 1, 0, 0, 0, 0, 0x7b]));
  }

  /** Sends a pong that was not asked for. */
  sendPong(): void {
    this.#write(PONG, Buffer.alloc(0));
  }

  /** Closes the connection. */
  end(): void {
    this.#socket.destroy();
  }

  /** Sends the frame that answers a close. */
  answerClose(): void {
    this.#write(CLOSE, Buffer.alloc(0));
  }

  /** Waits until this was received, and returns all that was. Rejects when the other end closes before. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (this.#socket.readableEnded || this.#socket.destroyed) throw new Error(`closed before '${text}'`);
      await this.#more();
    }
    return this.#received;
  }

  /** Waits until the other end has closed, and returns all that was received. */
  async closed(): Promise<string> {
    while (!this.#socket.readableEnded && !this.#socket.destroyed) await this.#more();
    return this.#received;
  }

  #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = (): void => {
      for (const event of EVENTS) this.#socket.off(event, go);
      resolve();
    };
    for (const event of EVENTS) this.#socket.once(event, go);
    return promise;
  }

  /** A whole frame; with a mask of zeros, its content is as it is. */
  #write(opcode: number, content: Buffer): void {
    const length =
      content.length < 126 ? [0x80 | content.length] : [0x80 | 126, content.length >> 8, content.length & 0xff];
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), content]));
  }
}

const EVENTS = ['data', 'end', 'close'] as const;
const [TEXT, CLOSE, PONG] = [1, 8, 10];
/** As in RFC 6455 section 1.3. */
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
