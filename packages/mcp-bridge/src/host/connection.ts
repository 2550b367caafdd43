import { setTimeout as sleep } from 'node:timers/promises';
import type { Implementation } from '@modelcontextprotocol/client';
import type { McpServerEntry, PinDegree } from '../config/mcp-config.ts';
import { unmatchedNames } from '../config/tool-filter.ts';
import { BridgeError } from '../errors.ts';
import type { McpLimits } from '../limits.ts';
import type { BridgeLogger } from '../logger.ts';
import { loginProblem } from '../oauth/login-error.ts';
import { pinnedFingerprint } from '../pins/pin-degree.ts';
import { refusedPaths } from '../sandbox/refused-path.ts';
import type { SandboxReport } from '../sandbox/sandbox-profile.ts';
import type { ToolDefinition } from '../tools/tool-definition.ts';
import type { ToolEffect } from '../tools/tool-effect.ts';
import { withheldVariables } from '../transport/child-environment.ts';
import type { OpenTransportOptions, TransportOpener } from '../transport/open-transport.ts';
import { type Attempt, attemptSession, Negotiation } from './attempt.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { IdleTimer } from './idle-timer.ts';
import type { ToolCatalogue, ToolProblem } from './list-tools.ts';
import { raceAbort } from './race-abort.ts';
import { RestartPolicy } from './restart-policy.ts';
import type { Freshness, ServerSession } from './session.ts';
import { explainStart, isTooLate, TookTooLong } from './start-failure.ts';

/** How many lines of a server's output are shown to its operator. */
const outputLines = 1000;

/** The current state of a configured server. */
export interface ServerStatus {
  /** The plugin id, e.g. `mcp/files`. */
  readonly id: string;
  /** The key in the mcp.json. */
  readonly label: string;
  readonly transport: McpServerEntry['transport'];
  /** `failed`: it failed so often that it is started at most once every half minute. */
  readonly state: 'stopped' | 'starting' | 'ready' | 'backoff' | 'failed';
  /** Why the server last failed, in words that are safe to show. */
  readonly error?: string;
  /** The operator's description of it. */
  readonly description?: string;
  /** The parts of its entry in the mcp.json that have no effect, and how its program has changed. */
  readonly warnings: readonly string[];
  /** Problems with its list of tools; empty while it is not running. */
  readonly problems: readonly ToolProblem[];
  /** The sandbox layers around a program. Absent: it is not a program, or it is not yet known what works here. */
  readonly sandbox?: SandboxReport;
}

export interface ConnectionOptions extends OpenTransportOptions {
  readonly entry: McpServerEntry;
  readonly clientInfo: Implementation;
  readonly logger: BridgeLogger;
  readonly opener: TransportOpener;
  /** From 0 up to 1, for the jitter of restarts. */
  readonly random: () => number;
  /** How much of a definition must be as it was shown when a tool is called. Absent: everything. */
  readonly pinned?: () => PinDegree;
  /** Which list a call relies on: the `known` one, or one requested now. Absent: `known`. */
  readonly callsRelyOn?: 'known' | 'current';
}

/** A request waits for a start that is put off by at most this, and fails when it would have to wait longer. */
const longestPatienceMs = 1_200;

/**
 * One configured server, for the lifetime of the host. It is started when first needed, shared by all requests, and
 * restarted after it died, as often as the restart policy allows.
 */
export class ServerConnection {
  readonly entry: McpServerEntry;
  readonly calls: ConcurrencyLimit;
  readonly #options: ConnectionOptions;
  readonly #policy: RestartPolicy;
  readonly #idle: IdleTimer;
  readonly #negotiation: Negotiation;
  #session: ServerSession | undefined;
  #starting: Promise<ServerSession> | undefined;
  readonly #closing = new AbortController();
  #error: string | undefined;
  /** What its sandbox kept from it, as far as it has said so. */
  #refused: string | undefined;
  /** The session started last, running or not: its output can still be read. */
  #latest: ServerSession | undefined;
  /** Sessions that are being closed; a host that closes waits for them. */
  readonly #ending = new Set<Promise<void>>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.entry = options.entry;
    this.calls = new ConcurrencyLimit(options.limits.concurrentCallsPerServer);
    this.#policy = new RestartPolicy(options.now, options.random);
    this.#idle = new IdleTimer(options.limits.idleStopMs, () => this.#stopIdle());
    this.#negotiation = new Negotiation(options.entry);
    if (this.entry.problem !== undefined) this.#error = this.entry.problem;
  }

  /** The limits of this server's calls and results. */
  get limits(): McpLimits {
    return this.#options.limits;
  }

  status(): ServerStatus {
    const { id, label, description, warnings = [] } = this.entry;
    const { transport } = this.#negotiation.reached;
    const sandbox = this.entry.transport === 'stdio' ? this.#options.sandbox.report(this.entry) : undefined;
    const { changed } = this;
    return {
      id,
      label,
      transport,
      state: this.#state(),
      ...(this.#error === undefined ? {} : { error: this.#error }),
      ...(description === undefined ? {} : { description }),
      warnings: [
        ...warnings,
        ...this.#capped(),
        ...this.#withheld(),
        ...(changed === undefined ? [] : [changed]),
        ...(this.#refused === undefined ? [] : [`mcpServers.${label}: ${this.#refused}`]),
      ],
      problems: [...(this.#session?.problems ?? []), ...this.#unmatched()],
      ...(sandbox === undefined ? {} : { sandbox }),
    };
  }

  /** How the program differs from the previous start, for the operator. */
  get changed(): string | undefined {
    if (this.entry.transport !== 'stdio') return undefined;
    const changed = this.#options.sandbox.changed(this.entry);
    return changed === undefined ? undefined : `mcpServers.${this.entry.label} ${changed}`;
  }

  /** A limit of the entry that another one makes ineffective. */
  #capped(): readonly string[] {
    const { callTimeoutMs = 0, label } = this.entry;
    const { callTotalTimeoutMs } = this.#options.limits;
    if (callTimeoutMs <= callTotalTimeoutMs) return [];
    const [wanted, total] = [callTimeoutMs / 1000, callTotalTimeoutMs / 1000];
    const what = `mcpServers.${label} lets a call be silent for ${wanted} s, and a call takes ${total} s in all`;
    return [`${what}: set "totalTimeoutMs" as well`];
  }

  /** Settings of the machine that a program does not get, because they have credentials in them. */
  #withheld(): readonly string[] {
    const { entry } = this;
    if (entry.transport !== 'stdio') return [];
    const names = withheldVariables(this.#options.environment).filter((name) => !Object.hasOwn(entry.env, name));
    if (names.length === 0) return [];
    const [first] = names;
    const what = `mcpServers.${entry.label} does not get ${names.join(', ')}, for there are credentials in it`;
    return [`${what}: give it by "env": {"${first}": "\${${first}}"}`];
  }

  /** Names in the entry's lists of tools that mean no tool, once the server's tools are known. */
  #unmatched(): readonly ToolProblem[] {
    const { tools } = this.entry;
    const listed = this.#session?.listed;
    if (tools === undefined || listed === undefined) return [];
    return unmatchedNames(tools, listed).map((name) => ({
      text: `The mcp.json names the tool ${JSON.stringify(name)}, and the server has none that is named so`,
    }));
  }

  #state(): ServerStatus['state'] {
    if (this.#session !== undefined) return 'ready';
    if (this.#starting !== undefined) return 'starting';
    if (this.#policy.waitMs === 0) return 'stopped';
    return this.#policy.isOpen ? 'failed' : 'backoff';
  }

  /**
   * Returns the running server, and starts it if needed. A start that other callers wait for continues when one of them
   * gives up.
   *
   * @throws BridgeError `MCP_CONNECTION_FAILED`, `MCP_CLOSED`; the signal's reason when it is aborted.
   */
  async session(signal: AbortSignal): Promise<ServerSession> {
    signal.throwIfAborted();
    if (this.#closing.signal.aborted) throw new BridgeError('MCP_CLOSED', 'The MCP host has been closed.');
    if (this.#session !== undefined) return this.#session;
    if (this.#starting === undefined) {
      this.#refuseStart();
      this.#starting = this.#startAfter(this.#policy.waitMs).finally(() => {
        this.#starting = undefined;
      });
      // Waiting callers receive the rejection; when none is left, it is not an error.
      this.#starting.catch(() => {});
    }
    return raceAbort(this.#starting, signal);
  }

  /**
   * The running server and its tools, see `ServerSession.tools`. A session that has worked and is refused now has come
   * to a normal end, as after a restart or when it was unused for long: a new one is opened, once, and nothing counts
   * as failed.
   *
   * @throws BridgeError as `session` does; a server that cannot list its tools in time is ended.
   */
  async listed(freshness: Freshness, signal: AbortSignal, mayRenew = true): Promise<Listed> {
    const session = await this.session(signal);
    try {
      return { session, tools: await session.tools(freshness, signal) };
    } catch (cause) {
      signal.throwIfAborted();
      if (mayRenew && session.hasWorked && !isTooLate(cause)) {
        this.renew(session);
        return this.listed(freshness, signal, false);
      }
      const detail = session.diagnostics();
      const why = explainStart(cause, session, this.#negotiation.reached);
      this.discard(session, `it did not list its tools: ${why}`);
      throw this.#failure(`did not list its tools: ${why}.`, { detail, cause });
    }
  }

  /** Gives up a session that came to a normal end; nothing counts as failed. The next request opens a new one. */
  renew(session: ServerSession): void {
    if (this.#session === session) this.#session = undefined;
    this.#track(session.closeWhenUnused());
    this.#options.logger.info({ server: this.entry.id }, 'A session of an MCP server is over; the next is a new one');
  }

  /**
   * Returns the running server and the tools that a call may rely on; a promise only if something has to be awaited.
   *
   * @throws BridgeError as `listed` does
   */
  forCall(signal: AbortSignal): Listed | Promise<Listed> {
    const { callsRelyOn = 'known' } = this.#options;
    const session = this.#session;
    const tools = callsRelyOn === 'known' ? session?.knownTools : undefined;
    return session === undefined || tools === undefined ? this.listed(callsRelyOn, signal) : { session, tools };
  }

  /**
   * Whether a definition is still the one that was shown. Where schemas alone are pinned, its prose may have changed;
   * arguments are those of the shown one.
   */
  isSameTool(shown: ToolDefinition, current: ToolDefinition | undefined): boolean {
    if (current === undefined) return false;
    if (current.fingerprint === shown.fingerprint) return true;
    if (this.#options.pinned?.() !== 'schemas') return false;
    return pinnedFingerprint(current, 'schemas') === pinnedFingerprint(shown, 'schemas');
  }

  /**
   * What a tool does. Annotations are claims of its server, so they count where a change of them is held back: where the
   * definition is pinned. Elsewhere a tool may do anything.
   */
  effectOf(definition: ToolDefinition): ToolEffect {
    const { pinned = () => 'nothing' } = this.#options;
    return pinned() === 'nothing' ? 'destructive' : definition.claims;
  }

  /** Looks whether what a server says of a failure is that its sandbox kept a file from it. */
  noteRefused(text: string): string | undefined {
    const { entry, logger, sandbox } = this.#options;
    if (entry.transport !== 'stdio') return undefined;
    const refused = sandbox.explainRefused(entry, refusedPaths(text));
    if (refused === undefined || refused === this.#refused) return refused;
    this.#refused = refused;
    logger.warn({ server: entry.id, refused }, 'The sandbox of an MCP server kept a file from it');
    return refused;
  }

  /** Ends this session; a later request starts a new one. */
  discard(session: ServerSession, why: string): void {
    if (this.#session === session) this.#failed(session, why);
    this.#track(session.close());
  }

  /** The last lines that the server printed on its standard error, even after it has ended. */
  output(): string {
    return this.#latest?.diagnostics(outputLines) ?? '';
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('the host was closed'));
    this.#idle.stop();
    this.#endSession();
    await this.#starting?.catch(() => {});
    // The start may have been about to succeed.
    this.#endSession();
    await Promise.all(this.#ending);
  }

  #refuseStart(): void {
    const { problem } = this.entry;
    if (problem !== undefined) throw this.#failure(`is not configured completely: ${problem}.`);
    const wait = this.#policy.waitMs;
    if (this.#policy.isOpen ? wait > 0 : wait > longestPatienceMs) {
      const seconds = Math.ceil(wait / 1000);
      throw this.#failure(`keeps failing (${this.#error}) and will not be started for another ${seconds} s.`);
    }
  }

  async #startAfter(waitMs: number): Promise<ServerSession> {
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: this.#closing.signal });
    return this.#start();
  }

  async #start(): Promise<ServerSession> {
    const { entry, limits, logger } = this.#options;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new TookTooLong()), limits.startTimeoutMs);
    const signal = AbortSignal.any([timeout.signal, this.#closing.signal]);
    try {
      const { session, opened, failure } = await this.#reach(signal);
      if (failure !== undefined) {
        const late = timeout.signal.aborted ? timeout.signal.reason : undefined;
        const refused = this.noteRefused(opened.diagnostics());
        const explained = explainStart(late ?? failure.cause, opened, entry);
        const why = refused === undefined ? explained : `${explained}; ${refused}`;
        this.#failed(session, why, failure.cause);
        this.#track(session.close());
        const evidence = { detail: opened.diagnostics(), cause: failure.cause };
        throw this.#failure(`could not be started: ${why}.`, evidence);
      }
      this.#session = session;
      this.#error = undefined;
      this.#refused = undefined;
      this.noteRefused(session.diagnostics());
      logger.info({ server: entry.id }, 'An MCP server is ready');
      const { changed } = this;
      if (changed !== undefined)
        logger.warn({ server: entry.id, changed }, 'An MCP server is another program than before');
      return session;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Opens a session in one of the ways that the server may understand; the first that works is remembered. */
  async #reach(signal: AbortSignal): Promise<Attempt> {
    const tried: Attempt[] = [];
    const negotiation = this.#negotiation;
    for (let way = negotiation.next(tried); way !== undefined; way = negotiation.next(tried)) {
      const attempt = await attemptSession(way, signal, {
        ...this.#options,
        idle: this.#idle,
        onOpened: (session) => {
          this.#latest = session;
        },
        onClose: (session, why) => this.#closed(session, why),
      });
      tried.push(attempt);
      if (attempt.failure === undefined) negotiation.remember(attempt);
      if (attempt.failure === undefined || signal.aborted) break;
    }
    const kept = tried.find(({ failure }) => failure === undefined) ?? negotiation.mostTelling(tried);
    for (const attempt of tried) if (attempt !== kept) this.#track(attempt.session.close());
    return kept;
  }

  /** The server ended by itself. */
  #closed(session: ServerSession, why: string): void {
    if (this.#session !== session) return;
    if (session.endedWell) this.renew(session);
    else this.discard(session, why);
  }

  /** Stops a server that has not been used for a while; the next use starts it again. */
  #stopIdle(): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#track(session.close());
    this.#options.logger.info({ server: this.entry.id }, 'An idle MCP server was stopped');
  }

  #endSession(): void {
    if (this.#session !== undefined) this.#track(this.#session.close());
    this.#session = undefined;
  }

  #failed(session: ServerSession, why: string, cause?: unknown): void {
    if (this.#session === session) this.#session = undefined;
    if (this.#closing.signal.aborted) return;
    const refused = this.noteRefused(session.diagnostics());
    this.#error = refused === undefined || why.includes(refused) ? why : `${why}; ${refused}`;
    // A server that waits for a login has not failed: it may be tried as soon as there is one.
    if (loginProblem(cause)?.code === 'wanted') return;
    this.#policy.failed(this.#options.now() - session.started);
    const { logger, entry } = this.#options;
    logger.warn({ server: entry.id, reason: why, output: session.diagnostics() }, 'An MCP server failed');
  }

  #failure(text: string, evidence: { detail?: string; cause?: unknown } = {}): BridgeError {
    const { id } = this.entry;
    const login = loginProblem(evidence.cause);
    const reason = login?.code === 'wanted' ? login.message : undefined;
    return new BridgeError('MCP_CONNECTION_FAILED', `The MCP server "${id}" ${text}`, {
      server: id,
      reason,
      ...evidence,
    });
  }

  #track(ending: Promise<void>): void {
    const { logger, entry } = this.#options;
    const tracked = ending
      .catch((error: unknown) => logger.warn({ server: entry.id, error }, 'An MCP server could not be closed cleanly'))
      .finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}

/** A running server and its tools. */
export interface Listed {
  readonly session: ServerSession;
  readonly tools: ToolCatalogue;
}
