import { Client, type Implementation, SdkHttpError } from '@modelcontextprotocol/client';
import type { McpServerEntry } from '../config/mcp-config.ts';
import { BridgeError } from '../errors.ts';
import type { BridgeLogger } from '../logger.ts';
import type { OpenTransport, OpenTransportOptions, TransportOpener } from '../transport/open-transport.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import type { ToolCatalogue } from './list-tools.ts';
import { raceAbort } from './race-abort.ts';
import { RestartPolicy } from './restart-policy.ts';
import { ServerSession } from './session.ts';

/** What is known of a configured server at this moment. */
export interface ServerStatus {
  /** The plugin id, e.g. `mcp/files`. */
  readonly id: string;
  /** The key in the mcp.json. */
  readonly label: string;
  readonly transport: 'stdio' | 'http';
  readonly state: 'stopped' | 'starting' | 'ready' | 'backoff';
  /** Why the server last failed, in words that are safe to show. */
  readonly error?: string;
}

export interface ConnectionOptions extends OpenTransportOptions {
  readonly entry: McpServerEntry;
  readonly clientInfo: Implementation;
  readonly logger: BridgeLogger;
  readonly opener: TransportOpener;
}

/**
 * One configured server for the life of the host: started when first needed, shared by all requests, started again
 * after it died, as often as the restart policy allows.
 */
export class ServerConnection {
  readonly entry: McpServerEntry;
  readonly calls: ConcurrencyLimit;
  readonly #options: ConnectionOptions;
  readonly #policy: RestartPolicy;
  #session: ServerSession | undefined;
  #starting: Promise<ServerSession> | undefined;
  readonly #closing = new AbortController();
  #error: string | undefined;
  /** What is still being torn down; a host that closes waits for it. */
  readonly #ending = new Set<Promise<void>>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.entry = options.entry;
    this.calls = new ConcurrencyLimit(options.limits.concurrentCallsPerServer);
    this.#policy = new RestartPolicy(options.now);
    if (this.entry.problem !== undefined) this.#error = this.entry.problem;
  }

  status(): ServerStatus {
    const { id, label, transport } = this.entry;
    const error = this.#error === undefined ? {} : { error: this.#error };
    return { id, label, transport, state: this.#state(), ...error };
  }

  #state(): ServerStatus['state'] {
    if (this.#session !== undefined) return 'ready';
    if (this.#starting !== undefined) return 'starting';
    return this.#policy.waitMs > 0 ? 'backoff' : 'stopped';
  }

  /**
   * The running server, started if need be. A start that others wait for goes on when one of them gives up.
   *
   * @throws BridgeError `MCP_CONNECTION_FAILED`, `MCP_CLOSED`; the signal's reason when it is aborted.
   */
  async session(signal: AbortSignal): Promise<ServerSession> {
    signal.throwIfAborted();
    if (this.#closing.signal.aborted) throw new BridgeError('MCP_CLOSED', 'The MCP host has been closed.');
    if (this.#session !== undefined) return this.#session;
    if (this.#starting === undefined) {
      this.#refuseStart();
      this.#starting = this.#start().finally(() => {
        this.#starting = undefined;
      });
      // Whoever waits gets the rejection; that nobody waits any more is no error.
      this.#starting.catch(() => {});
    }
    return raceAbort(this.#starting, signal);
  }

  /**
   * The running server and its tools, see `ServerSession.tools`.
   *
   * @throws BridgeError as `session` does; a server that can't list its tools in time is ended.
   */
  async listed(
    freshness: 'known' | 'current',
    signal: AbortSignal,
  ): Promise<{ readonly session: ServerSession; readonly tools: ToolCatalogue }> {
    const session = await this.session(signal);
    try {
      return { session, tools: await session.tools(freshness, signal) };
    } catch (cause) {
      signal.throwIfAborted();
      const detail = session.diagnostics();
      this.discard(session, 'it did not list its tools');
      throw this.#failure('did not list its tools.', { detail, cause });
    }
  }

  /** Ends this session; a later request starts another one. */
  discard(session: ServerSession, why: string): void {
    if (this.#session === session) this.#failed(session, why);
    this.#track(session.close());
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the host was closed'));
    const starting = this.#starting;
    if (this.#session !== undefined) this.#track(this.#session.close());
    this.#session = undefined;
    await starting?.catch(() => {});
    await Promise.all(this.#ending);
  }

  #refuseStart(): void {
    const { problem } = this.entry;
    if (problem !== undefined) throw this.#failure(`is not configured completely: ${problem}.`);
    const wait = this.#policy.waitMs;
    if (wait > 0) {
      const seconds = Math.ceil(wait / 1000);
      throw this.#failure(`keeps failing (${this.#error}) and will not be started for another ${seconds} s.`);
    }
  }

  async #start(): Promise<ServerSession> {
    const { entry, opener, limits, logger, now, clientInfo } = this.#options;
    const started = now();
    const opened = opener(entry, this.#options);
    const client = new Client(clientInfo, {
      capabilities: {},
      versionNegotiation: { mode: opened.negotiates ? 'auto' : 'legacy' },
      inputRequired: { autoFulfill: false },
      // What a server claims about its own output protects nobody, and its patterns can stop the process.
      jsonSchemaValidator: {
        getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
      },
    });
    const session = new ServerSession({ server: entry.id, client, opened, logger, limits, started }, () => {
      if (this.#session === session) this.discard(session, opened.reason() || 'it closed the connection');
    });
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new Error('it took too long')), limits.startTimeoutMs);
    const signal = AbortSignal.any([timeout.signal, this.#closing.signal]);
    try {
      await raceAbort(session.open(signal), signal);
      if (session.closed) throw new Error('it closed the connection');
    } catch (cause) {
      const why = timeout.signal.aborted ? 'it took too long' : explainStart(cause, opened);
      this.#failed(session, why);
      this.#track(session.close());
      throw this.#failure(`could not be started: ${why}.`, { detail: opened.diagnostics(), cause });
    } finally {
      clearTimeout(timer);
    }
    this.#session = session;
    this.#error = undefined;
    logger.info({ server: entry.id }, 'An MCP server is ready');
    return session;
  }

  #failed(session: ServerSession, why: string): void {
    if (this.#session === session) this.#session = undefined;
    if (this.#closing.signal.aborted) return;
    this.#policy.failed(this.#options.now() - session.started);
    this.#error = why;
    const { logger, entry } = this.#options;
    logger.warn({ server: entry.id, reason: why, output: session.diagnostics() }, 'An MCP server failed');
  }

  #failure(text: string, evidence: { detail?: string; cause?: unknown } = {}): BridgeError {
    const { id } = this.entry;
    return new BridgeError('MCP_CONNECTION_FAILED', `The MCP server "${id}" ${text}`, { server: id, ...evidence });
  }

  #track(ending: Promise<void>): void {
    const { logger, entry } = this.#options;
    const tracked = ending
      .catch((error: unknown) => logger.warn({ server: entry.id, error }, 'An MCP server could not be closed cleanly'))
      .finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}

function explainStart(cause: unknown, opened: OpenTransport): string {
  if (opened.reason() !== '') return opened.reason();
  const status = SdkHttpError.isInstance(cause) ? cause.status : undefined;
  if (status === 401 || status === 403) return `it refused the credentials of the mcp.json (HTTP ${status})`;
  if (status !== undefined) return `it answered with HTTP ${status}`;
  return 'it does not answer as an MCP server should';
}
