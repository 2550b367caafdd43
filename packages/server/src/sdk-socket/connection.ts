import { setTimeout as wait } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import type { App } from '../http/app.ts';
import type { RouteBody } from '../http/bodies.ts';
import type { Connection } from '../http/request.ts';
import { scanJson } from '../input/scan-json.ts';
import type { Logger } from '../telemetry/logger.ts';
import { CallAnswer, ChannelAnswer, isStream, titleOf, UNKNOWN } from './answers.ts';
import { Exchange, type ExchangeOrigin } from './exchange.ts';
import { authenticationSchema, keyOf, messageSchema, type SdkMessage } from './messages.ts';
import type { TokenPlaces } from './token-places.ts';

export interface ConnectionOptions {
  readonly app: App;
  /** The path of the request that proves the token. */
  readonly authenticatePath: string;
  readonly logger: Logger;
  readonly connection: Connection;
  /** The headers of the handshake that its requests have, too. */
  readonly rawHeaders: readonly string[];
  /** The first part of the paths of its requests, e.g. `llm`. */
  readonly namespace: string;
  /** The bounds of what is sent on it. */
  readonly body: RouteBody;
  /** How long it may take to send the first message. */
  readonly patienceMilliseconds: number;
  /** How many connections each token has. */
  readonly places: TokenPlaces;
}

/** How many requests may run at once on one connection. */
const MOST_REQUESTS = 64;
/** A program that sends this many messages that are not of the protocol is not one of LM Studio's SDK. */
const MOST_WARNINGS = 16;
const AUTHENTICATION_CHARACTERS = 4096;
/** With this many messages that its other end has not taken, nothing more is read from it. */
const MOST_UNSENT = 256;
/** How long its other end may take nothing of what is sent, and how much more time each byte of that gives it. */
const UNTAKEN_MILLISECONDS = 60_000;
const BYTES_PER_MILLISECOND = 16;
/** How long the requests that run when the token ends have for their errors. */
const LAST_WORDS_MILLISECONDS = 1_000;

/** Codes of RFC 6455 section 7.4.1. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const POLICY = 1008;

type Request = Extract<SdkMessage, { readonly type: 'rpcCall' | 'channelCreate' }>;

/**
 * One connection of a program. Its first message has the token; each later one that asks for something is a request of
 * its own, with that token. It ends when the token does.
 */
export class SdkConnection {
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #running = new Map<string, Exchange>();
  readonly #deadline: NodeJS.Timeout;
  #origin: ExchangeOrigin | undefined;
  #session: Exchange | undefined;
  #isAuthenticating = false;
  #isClosing = false;
  #warnings = 0;
  #unsent = 0;
  #untaken: NodeJS.Timeout | undefined;
  #leavePlace: (() => void) | undefined;

  constructor(socket: WebSocket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#deadline = setTimeout(() => socket.close(POLICY, 'no authentication'), options.patienceMilliseconds);
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.close(POLICY, 'messages are texts');
      else void this.#receive(String(data)).catch((error: unknown) => this.#fail(error));
    });
    socket.on('close', () => this.#leave());
    socket.on('error', (error) => options.logger.debug({ err: error }, 'a connection of an SDK failed'));
  }

  /** Whether it has proved its token. */
  get isAuthenticated(): boolean {
    return this.#session !== undefined;
  }

  /** Closes it as soon as its requests have ended. */
  close(): void {
    this.#isClosing = true;
    if (this.#running.size === 0) this.#socket.close(GOING_AWAY, 'the server is shutting down');
  }

  async #receive(text: string): Promise<void> {
    // What comes after the end of a connection was sent by a program that ignores it.
    if (this.#hasLeft()) return;
    if (this.#isAuthenticating) return this.#socket.close(POLICY, 'wait for the answer to the authentication');
    if (this.#origin === undefined) {
      this.#isAuthenticating = true;
      await this.#authenticate(text).finally(() => {
        this.#isAuthenticating = false;
      });
      return;
    }
    const fault = scanJson(text, this.#options.body.bounds);
    if (fault !== undefined)
      return this.#warn(`The message${fault.path === '' ? '' : ` at ${fault.path}`} ${fault.problem}.`);
    const read = messageSchema.safeParse(parse(text));
    if (!read.success) return this.#warn('The message is not one of the protocol.');
    await this.#take(read.data, this.#origin);
  }

  async #take(message: SdkMessage, origin: ExchangeOrigin): Promise<void> {
    switch (message.type) {
      case 'rpcCall':
      case 'channelCreate':
        return this.#request(message, origin);
      case 'channelSend': {
        const { channelId, ackId } = message;
        if (ackId !== undefined) await this.#send({ type: 'channelAck', channelId, ackId });
        if (message.message?.type === 'cancel') this.#running.get(`channel ${channelId}`)?.cancel();
        return;
      }
      case 'keepAlive':
        return this.#send({ type: 'keepAliveAck' });
      case 'signalSubscribe':
      case 'writableSignalSubscribe': {
        const type = message.type === 'signalSubscribe' ? 'signalError' : 'writableSignalError';
        const title = 'This server has no signals.';
        return this.#send({ type, subscribeId: message.subscribeId, error: { title, rootTitle: title } });
      }
      default:
        return;
    }
  }

  async #authenticate(text: string): Promise<void> {
    const { app, connection, rawHeaders, authenticatePath } = this.#options;
    const read = authenticationSchema.safeParse(text.length > AUTHENTICATION_CHARACTERS ? undefined : parse(text));
    if (!read.success) return this.#refuse('The first message must be an authentication of version 1.');
    const key = keyOf(read.data);
    const origin: ExchangeOrigin = {
      app,
      connection,
      rawHeaders: [...rawHeaders, ...(key === undefined ? [] : ['Authorization', `Bearer ${key}`])],
    };
    const session = new Exchange();
    const { status, body } = await session.run(origin, authenticatePath, '{}');
    clearTimeout(this.#deadline);
    if (status !== 200 || !isStream(body)) {
      session.end(true);
      return this.#refuse(titleOf(body) ?? 'The token could not be verified.');
    }
    const packets = body.events[Symbol.asyncIterator]();
    const { value } = await packets.next();
    const { token } = JSON.parse(String(value)) as { readonly token?: string };
    if (this.#hasLeft() || !this.#takePlace(token)) {
      session.end(true);
      return this.#refuse(`This token has ${this.#options.places.most} connections already. Close some of them first.`);
    }
    this.#session = session;
    this.#origin = origin;
    await this.#send({ success: true });
    void this.#endWith(packets).catch((error: unknown) => this.#fail(error));
  }

  /** Callers without a token, while none is required, share no bound. */
  #takePlace(token: string | undefined): boolean {
    if (token === undefined) return true;
    this.#leavePlace = this.#options.places.take(token);
    return this.#leavePlace !== undefined;
  }

  /** Closes the connection when its token has ended. */
  async #endWith(session: AsyncIterator<unknown>): Promise<void> {
    while (!(await session.next()).done);
    if (this.#hasLeft()) return;
    // The requests that run end by themselves, each with its error; one whose answer is not taken does not.
    const ended = Promise.all([...this.#running.values()].map((exchange) => exchange.ended));
    await Promise.race([ended, wait(LAST_WORDS_MILLISECONDS, undefined, { ref: false })]);
    this.#socket.close(POLICY, 'the token has ended');
  }

  async #refuse(error: string): Promise<void> {
    clearTimeout(this.#deadline);
    await this.#send({ success: false, error });
    this.#socket.close(NORMAL);
  }

  async #request(message: Request, origin: ExchangeOrigin): Promise<void> {
    const isCall = message.type === 'rpcCall';
    const id = isCall ? message.callId : message.channelId;
    const name = `${isCall ? 'call' : 'channel'} ${id}`;
    const answer = isCall ? new CallAnswer(id) : new ChannelAnswer(id);
    if (this.#running.has(name)) return this.#warn(`There is a ${name} already.`);
    if (this.#running.size >= MOST_REQUESTS || this.#isClosing) {
      const title = this.#isClosing ? 'The server is shutting down.' : `More than ${MOST_REQUESTS} requests at once.`;
      return this.#send(answer.error({ title, rootTitle: title }));
    }
    const exchange = new Exchange();
    this.#running.set(name, exchange);
    let whole = false;
    try {
      const parameter = isCall ? message.parameter : message.creationParameter;
      const target = `/${this.#options.namespace}/${message.endpoint}`;
      const reply = await exchange.run(origin, target, JSON.stringify(parameter ?? {}));
      // A stream that is never read holds what it has until its exchange ends.
      if (isCall && isStream(reply.body)) exchange.end(false);
      for await (const packet of answer.packetsOf(reply)) await this.#send(packet);
      whole = !this.#hasLeft();
    } catch (error) {
      this.#options.logger.error({ err: error }, 'a request on a connection of an SDK failed');
      await this.#send(answer.error(UNKNOWN));
    } finally {
      exchange.end(whole);
      this.#running.delete(name);
      if (this.#isClosing) this.close();
    }
  }

  async #warn(warning: string): Promise<void> {
    this.#warnings += 1;
    await this.#send({ type: 'communicationWarning', warning });
    if (this.#warnings > MOST_WARNINGS) this.#socket.close(POLICY, 'not the protocol');
  }

  /** Resolves when the message was handed to the system, so that a slow reader slows its answers down. */
  async #send(message: object): Promise<void> {
    if (this.#hasLeft()) return;
    this.#unsent += 1;
    if (this.#unsent === MOST_UNSENT) this.#socket.pause();
    const taken = new Promise<void>((resolve) => this.#socket.send(JSON.stringify(message), () => resolve()));
    if (this.#unsent === 1) this.#expectTaken();
    await taken;
    if (this.#unsent === MOST_UNSENT) this.#socket.resume();
    this.#unsent -= 1;
    this.#expectTaken();
  }

  /** Ends the connection when its other end takes nothing of what is sent, although it answers pings. */
  #expectTaken(): void {
    clearTimeout(this.#untaken);
    if (this.#unsent === 0 || this.#hasLeft()) return;
    const patience = UNTAKEN_MILLISECONDS + this.#socket.bufferedAmount / BYTES_PER_MILLISECOND;
    this.#untaken = setTimeout(() => this.#socket.terminate(), patience);
    this.#untaken.unref();
  }

  #hasLeft(): boolean {
    return this.#socket.readyState !== this.#socket.OPEN;
  }

  #leave(): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#untaken);
    this.#leavePlace?.();
    for (const exchange of this.#running.values()) exchange.end(false);
    this.#session?.end(false);
  }

  #fail(error: unknown): void {
    this.#options.logger.error({ err: error }, 'a connection of an SDK failed');
    this.#socket.close(1011, 'the server failed');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
