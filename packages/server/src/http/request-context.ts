import type { Admission } from '@latchkey/auth-core';
import type { ReadHeader, RequestAuth } from '@latchkey/auth-core/http';
import type { LlmWords } from '@latchkey/auth-core/llm';
import type { Logger } from '../telemetry/logger.ts';
import type { Connection, ExchangeEnd, IncomingRequest } from './request.ts';
import { splitPlace } from './split-place.ts';

export interface RequestContextOptions {
  readonly logger: Logger;
  readonly createId: () => string;
  /** Fires when the requests that are still running must end. */
  readonly stopping: AbortSignal;
}

type Query = Readonly<Record<string, string | readonly string[]>>;

/** A request on its way through the steps, and the state that each step leaves for the later ones. */
export class RequestContext {
  /** Written to the log and the `X-Request-Id` header. */
  readonly id: string;
  readonly logger: Logger;
  readonly method: string;
  /** The host in an absolute request target, as proxies send it. */
  readonly targetHost: string | undefined;
  /** The path. The token of a place is taken out: `/t/-/v1/models`. */
  readonly path: string;
  /** The token in the path of a place; absent elsewhere. */
  readonly place?: string;
  /** Without the question mark. */
  readonly querystring: string;
  /** All lines of a header; the name must be in lower case. */
  readonly header: ReadHeader;
  readonly connection: Connection;
  /** The body as it is received, before a step has read it. */
  readonly rawBody: IncomingRequest['body'];
  readonly onEnd: IncomingRequest['onEnd'];
  readonly cancelled: AbortSignal | undefined;
  /** Headers that are added to any answer, including errors. */
  readonly replyHeaders: Record<string, string | readonly string[]> = {};
  /** Fires when the caller disconnects or the server must stop the request. */
  signal: AbortSignal;
  /**
   * Fires when the server must stop the request or the caller's token has ended, but not when the caller disconnects.
   */
  ended: AbortSignal;
  /** The parameters of the path, e.g. `:id`. */
  params: Readonly<Record<string, string>> = {};
  /** The client's IP address: the peer of the connection, or the address that a trusted proxy reports. */
  address?: string;
  /** The body, parsed as the route declares it. */
  body: unknown;
  /** The caller, once it is known. */
  caller?: RequestAuth<LlmWords>;
  /** The session of the console that the caller uses; absent for a caller with a token. */
  session?: { readonly id: string; onEnded(listener: () => void): () => void };
  /** The admission that the caller's limits have granted. */
  admitted?: Admission;
  readonly #rawHeaders: readonly string[];
  readonly #works = new Set<Promise<void>>();
  #left: Error | undefined;

  constructor(request: IncomingRequest, { logger, createId, stopping }: RequestContextOptions) {
    const { targetHost, path, querystring } = splitTarget(request.target);
    this.id = createId();
    this.logger = logger.child({ request: this.id });
    this.method = request.method;
    this.targetHost = targetHost;
    const split = splitPlace(path);
    this.path = split.path;
    if (split.place !== undefined) this.place = split.place;
    this.querystring = querystring;
    this.header = readHeaders(request.rawHeaders);
    this.#rawHeaders = request.rawHeaders;
    this.connection = request.connection;
    this.rawBody = request.body;
    this.cancelled = request.cancelled;
    this.onEnd = (listener) => request.onEnd(listener);
    const gone = new AbortController();
    this.signal = AbortSignal.any([gone.signal, stopping]);
    this.ended = stopping;
    this.onEnd(({ whole }: ExchangeEnd) => {
      this.#left = new Error('the caller went away');
      if (!whole) gone.abort(this.#left);
    });
  }

  /**
   * Lets work go on after the response was closed: until it has ended, the request keeps its place, and its token is
   * watched. The promise must not reject. Throws when the response was closed before, and nothing is watched any more.
   */
  goesOnUntil(ended: Promise<void>): void {
    if (this.#left !== undefined && this.#works.size === 0) throw this.#left;
    this.#works.add(ended);
    void ended.then(() => this.#works.delete(ended));
  }

  /** Resolves when all work that goes on after the response was closed has ended. */
  async workEnded(): Promise<void> {
    while (this.#works.size > 0) await Promise.all(this.#works);
  }

  /** The caller, on a route that requires one. Throws TypeError on other routes. */
  get auth(): RequestAuth<LlmWords> {
    if (this.caller === undefined) throw new TypeError('this route takes callers without a token');
    return this.caller;
  }

  /** What is reserved of the caller's limits. Throws TypeError on a route that does not count requests. */
  get admission(): Admission {
    if (this.admitted === undefined) throw new TypeError('this route counts no requests');
    return this.admitted;
  }

  /** The names of all headers, in lower case. */
  get headerNames(): readonly string[] {
    return [...new Set(this.#rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))];
  }

  /** The value of a header; repeated lines are joined by commas. */
  get(name: string): string | undefined {
    const lines = this.header(name);
    return lines.length === 0 ? undefined : lines.join(', ');
  }

  /** The query parameters; a repeated one has all its values. */
  get query(): Query {
    const parameters = new URLSearchParams(this.querystring);
    const valuesOf = (name: string): string | readonly string[] => {
      const [first = '', ...others] = parameters.getAll(name);
      return others.length === 0 ? first : [first, ...others];
    };
    return Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, valuesOf(name)]));
  }
}

/** The origin in an absolute request target. */
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;

function splitTarget(target: string): Pick<RequestContext, 'targetHost' | 'path' | 'querystring'> {
  const [origin = '', targetHost] = ORIGIN.exec(target) ?? [];
  const [sent = ''] = target.slice(origin.length).split('#', 1);
  const [path = ''] = sent.split('?', 1);
  return { targetHost, path: path === '' ? '/' : path, querystring: sent.slice(path.length + 1) };
}

const NONE: readonly string[] = [];

/** Only a few headers are read, so each lookup scans the lines instead of building a map first. */
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
