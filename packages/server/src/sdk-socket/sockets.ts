import type { IncomingMessage } from 'node:http';
import { type Duplex, Readable } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { App } from '../http/app.ts';
import { conversation, type RouteBody } from '../http/bodies.ts';
import type { Logger } from '../telemetry/logger.ts';
import { BegunMessage } from './begun-message.ts';
import { SdkConnection } from './connection.ts';
import { TokenPlaces } from './token-places.ts';

export interface SdkSocketsOptions {
  /** Answers each request of a connection, and each handshake as a GET of its path. */
  readonly app: App;
  readonly authenticatePath: string;
  readonly logger: Logger;
  /** The largest message. */
  readonly bodyBytes: number;
  /** How long a connection may take to send its token. */
  readonly patienceMilliseconds?: number;
  /** How many connections a token may have, with all that were derived from it. */
  readonly connectionsPerToken: number;
  /** How long a message may take that has begun. */
  readonly messageMilliseconds?: number;
}

const MOST_CONNECTIONS = 1024;
/** How many there may be that have not proved a token yet; for another one, the oldest of them is ended. */
const MOST_STRANGERS = 64;
/** How much such a connection may send: its token is one short message. */
const STRANGER_BYTES = 16_384;
/** As in LM Studio. */
const PATIENCE_MILLISECONDS = 10_000;
const PING_MILLISECONDS = 30_000;
/** How long the other end may take to answer that the connection is closed. */
const CLOSE_MILLISECONDS = 2_000;

/** The headers of a handshake that its requests have, too: where they come from, and for which project. */
const KEPT = new Set([
  'host',
  'origin',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'latchkey-project',
  'user-agent',
]);

/** The websocket connections of LM Studio's SDK: the second adapter of the request core. */
export class SdkSockets {
  readonly #options: SdkSocketsOptions;
  readonly #server: WebSocketServer;
  readonly #connections = new Map<WebSocket, SdkConnection>();
  readonly #silent = new WeakSet<WebSocket>();
  readonly #pinging: NodeJS.Timeout;
  readonly #body: RouteBody;
  readonly #places: TokenPlaces;
  #isClosing = false;

  constructor(options: SdkSocketsOptions) {
    this.#options = options;
    this.#body = conversation(options.bodyBytes);
    this.#places = new TokenPlaces(options.connectionsPerToken);
    const bounds = { maxPayload: options.bodyBytes, closeTimeout: CLOSE_MILLISECONDS };
    this.#server = new WebSocketServer({ noServer: true, perMessageDeflate: false, ...bounds });
    this.#pinging = setInterval(() => this.#ping(), PING_MILLISECONDS);
    this.#pinging.unref();
  }

  /** Makes a connection of a handshake, or refuses it with an answer of HTTP. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    // Without a listener, a connection that breaks meanwhile would end the process.
    socket.on('error', () => socket.destroy());
    try {
      const { status, namespace } = await this.#decide(request);
      if (status !== 200) return refuse(socket, status);
      this.#server.handleUpgrade(request, socket, head, (opened) => this.#open(opened, request, namespace));
    } catch (error) {
      this.#options.logger.error({ err: error }, 'a handshake failed');
      refuse(socket, 500);
    }
  }

  /** Accepts no more connections, and closes each when its requests have ended. */
  close(): void {
    this.#isClosing = true;
    clearInterval(this.#pinging);
    for (const connection of this.#connections.values()) connection.close();
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#connections.keys()) socket.terminate();
  }

  async #decide(request: IncomingMessage): Promise<{ readonly status: number; readonly namespace: string }> {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const namespace = path.slice(1);
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') return { status: 400, namespace };
    if (this.#isClosing || this.#connections.size >= MOST_CONNECTIONS) return { status: 503, namespace };
    const { status } = await this.#options.app({
      method: 'GET',
      target: path,
      rawHeaders: request.rawHeaders.filter((_, index, all) => isKept(all[index - (index % 2)])),
      connection: request.socket,
      body: Readable.from([]),
      onEnd: (listener) => listener({ status: 101, whole: true }),
    });
    return { status, namespace };
  }

  /** A program proves its token at once, so those that wait on purpose do not keep it out. */
  #endOldestStranger(): void {
    const strangers = [...this.#connections].filter(([, { isAuthenticated }]) => !isAuthenticated);
    const [oldest] = strangers;
    if (oldest === undefined || strangers.length < MOST_STRANGERS) return;
    const [socket] = oldest;
    socket.terminate();
    this.#connections.delete(socket);
  }

  /** Ends a connection that sends much before it has proved a token. */
  #boundStranger(socket: WebSocket, connection: SdkConnection, { socket: stream }: IncomingMessage): void {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (connection.isAuthenticated) stream.off('data', count);
      else if (bytes > STRANGER_BYTES) socket.terminate();
    };
    // Before the websocket reads it: what is too much is no message any more.
    stream.prependListener('data', count);
  }

  /** Ends a connection on which a message has begun and does not end, whichever token it has proved. */
  #boundMessages(socket: WebSocket, { socket: stream }: IncomingMessage): void {
    const begun = new BegunMessage({
      onLate: () => socket.terminate(),
      isHeld: () => socket.isPaused,
      milliseconds: this.#options.messageMilliseconds,
    });
    stream.prependListener('data', (chunk: Buffer) => begun.take(chunk));
    socket.on('close', () => begun.end());
  }

  #open(socket: WebSocket, request: IncomingMessage, namespace: string): void {
    const { app, authenticatePath, logger, patienceMilliseconds = PATIENCE_MILLISECONDS } = this.#options;
    const { remoteAddress, localAddress, localPort } = request.socket;
    const connection = new SdkConnection(socket, {
      ...{ app, authenticatePath, logger, namespace, patienceMilliseconds, body: this.#body, places: this.#places },
      connection: { remoteAddress, localAddress, localPort },
      rawHeaders: request.rawHeaders.filter((_, index, all) => isKept(all[index - (index % 2)])),
    });
    this.#endOldestStranger();
    this.#connections.set(socket, connection);
    this.#boundStranger(socket, connection, request);
    this.#boundMessages(socket, request);
    socket.on('pong', () => this.#silent.delete(socket));
    socket.on('close', () => this.#connections.delete(socket));
    if (this.#isClosing) connection.close();
  }

  /** Ends the connections that have not answered the last ping: their other end is gone. */
  #ping(): void {
    for (const socket of this.#connections.keys()) {
      if (this.#silent.has(socket)) socket.terminate();
      this.#silent.add(socket);
      socket.ping();
    }
  }
}

/** Ends a handshake; the other end may keep its half open, so the whole connection is closed. */
function refuse(socket: Duplex, status: number): void {
  socket.once('finish', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

const isKept = (name: string | undefined): boolean => name !== undefined && KEPT.has(name.toLowerCase());
