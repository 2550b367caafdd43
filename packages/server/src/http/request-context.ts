import type { Admission } from '@latchkey/auth-core';
import type { ReadHeader, RequestAuth } from '@latchkey/auth-core/http';
import type { LlmWords } from '@latchkey/auth-core/llm';
import type { Logger } from '../telemetry/logger.ts';
import type { Connection, ExchangeEnd, IncomingRequest } from './request.ts';

export interface RequestContextOptions {
  readonly logger: Logger;
  readonly createId: () => string;
  /** Fires when requests that still run must end. */
  readonly stopping: AbortSignal;
}

type Query = Readonly<Record<string, string | readonly string[]>>;

/** A request on its way through the steps, and what each of them leaves for those after it. */
export class RequestContext {
  /** Goes into the log and the `X-Request-Id` header. */
  readonly id: string;
  readonly logger: Logger;
  readonly method: string;
  /** The host that the target itself names, as a proxy's does. */
  readonly targetHost: string | undefined;
  readonly path: string;
  /** Without its question mark. */
  readonly querystring: string;
  /** All lines of a header, whose name is written in small letters. */
  readonly header: ReadHeader;
  readonly connection: Connection;
  /** What is sent after the headers, before a step has read it. */
  readonly rawBody: IncomingRequest['body'];
  readonly onEnd: IncomingRequest['onEnd'];
  /** Headers of the answer, whatever it becomes: an error has them as well. */
  readonly replyHeaders: Record<string, string | readonly string[]> = {};
  /** Fires when the caller goes away or the server can wait no longer. */
  signal: AbortSignal;
  /** Fires when the server can wait no longer or the caller's token has ended; a caller that goes away does not fire it. */
  ended: AbortSignal;
  /** What the path has in place of `:id`. */
  params: Readonly<Record<string, string>> = {};
  /** The client's IP address: the other end of the connection, or what a trusted proxy says. */
  address?: string;
  /** What was sent, as the route's row says it is read. */
  body: unknown;
  /** Resolves when what goes on after the response was closed has ended; absent where nothing does. */
  goesOn?: Promise<void>;
  /** The caller, once it is known. */
  caller?: RequestAuth<LlmWords>;
  /** What its limits have let in. */
  admitted?: Admission;
  readonly #rawHeaders: readonly string[];

  constructor(request: IncomingRequest, { logger, createId, stopping }: RequestContextOptions) {
    const { targetHost, path, querystring } = splitTarget(request.target);
    this.id = createId();
    this.logger = logger.child({ request: this.id });
    this.method = request.method;
    this.targetHost = targetHost;
    this.path = path;
    this.querystring = querystring;
    this.header = readHeaders(request.rawHeaders);
    this.#rawHeaders = request.rawHeaders;
    this.connection = request.connection;
    this.rawBody = request.body;
    this.onEnd = (listener) => request.onEnd(listener);
    const gone = new AbortController();
    this.signal = AbortSignal.any([gone.signal, stopping]);
    this.ended = stopping;
    this.onEnd(({ whole }: ExchangeEnd) => {
      if (!whole) gone.abort(new Error('the caller went away'));
    });
  }

  /** The caller of a route that lets none in without one. */
  get auth(): RequestAuth<LlmWords> {
    if (this.caller === undefined) throw new TypeError('this route takes callers without a token');
    return this.caller;
  }

  /** What is reserved of the caller's limits. */
  get admission(): Admission {
    if (this.admitted === undefined) throw new TypeError('this route counts no requests');
    return this.admitted;
  }

  /** Which headers there are, in small letters. */
  get headerNames(): readonly string[] {
    return [...new Set(this.#rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))];
  }

  /** The value of a header; the lines of one that was sent more than once are joined by commas. */
  get(name: string): string | undefined {
    const lines = this.header(name);
    return lines.length === 0 ? undefined : lines.join(', ');
  }

  /** A name that was sent more than once has all its values. */
  get query(): Query {
    const parameters = new URLSearchParams(this.querystring);
    const valuesOf = (name: string): string | readonly string[] => {
      const [first = '', ...others] = parameters.getAll(name);
      return others.length === 0 ? first : [first, ...others];
    };
    return Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, valuesOf(name)]));
  }
}

/** What a proxy's form of a target has before the path. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

function splitTarget(target: string): Pick<RequestContext, 'targetHost' | 'path' | 'querystring'> {
  const [origin = '', targetHost] = ORIGIN.exec(target) ?? [];
  const [sent = ''] = target.slice(origin.length).split('#', 1);
  const [path = ''] = sent.split('?', 1);
  return { targetHost, path: path === '' ? '/' : path, querystring: sent.slice(path.length + 1) };
}

const NONE: readonly string[] = [];

/** Only a few headers are read, so they are looked up among the lines rather than sorted first. */
const readHeaders =
  (rawHeaders: readonly string[]): ReadHeader =>
  (name) => {
    let lines: string[] | undefined;
    for (let index = 0; index < rawHeaders.length; index += 2) {
      const field = rawHeaders[index] ?? '';
      if (field.length !== name.length || field.toLowerCase() !== name) continue;
      lines ??= [];
      lines.push(rawHeaders[index + 1] ?? '');
    }
    return lines ?? NONE;
  };
