import { type Client, SdkHttpError } from '@modelcontextprotocol/client';
import type { McpLimits } from '../limits.ts';
import type { BridgeLogger } from '../logger.ts';
import { notify } from '../notify.ts';
import type { ToolDefinition } from '../tools/tool-definition.ts';
import { cleanProgress, type ToolProgress } from '../tools/tool-progress.ts';
import type { RawToolResult } from '../tools/tool-result.ts';
import { explainLoss } from '../transport/lost-answer.ts';
import type { OpenTransport } from '../transport/open-transport.ts';
import type { IdleTimer } from './idle-timer.ts';
import { listTools, type ToolCatalogue, type ToolProblem } from './list-tools.ts';
import { raceAbort } from './race-abort.ts';
import { refuseQuestion } from './refuse-question.ts';
import { TookTooLong } from './start-failure.ts';

/** After this many calls in a row that timed out, the server counts as hung. */
export const maxCallsTimedOut = 3;

/** How old a list of tools may be; see `ServerSession.tools`. */
export type Freshness = 'known' | 'recent' | 'current';

export interface SessionOptions {
  readonly server: string;
  readonly client: Client;
  readonly opened: OpenTransport;
  readonly logger: BridgeLogger;
  readonly limits: McpLimits;
  /** The host's clock, in milliseconds. */
  readonly now: () => number;
  /** When its start began, on the host's clock. */
  readonly started: number;
  /** Whether the mcp.json leaves a tool in. */
  readonly isWanted: (tool: string) => boolean;
  /** Notified of activity, so that an idle server can be stopped. */
  readonly idle: IdleTimer;
}

/** One run of a server, from its start to its end. */
export class ServerSession {
  readonly started: number;
  readonly #options: SessionOptions;
  #tools: ToolCatalogue | undefined;
  #problems: readonly ToolProblem[] = [];
  #listing: Promise<ToolCatalogue> | undefined;
  #stale = false;
  /** When the latest list was asked for. */
  #listedAt = Number.NEGATIVE_INFINITY;
  #timedOut = 0;
  #closed = false;
  #ending: Promise<void> | undefined;
  /** Listings and calls that wait for an answer. */
  #inFlight = 0;
  #whenUnused: (() => void) | undefined;

  constructor(options: SessionOptions, onClose: (session: ServerSession) => void) {
    this.#options = options;
    this.started = options.started;
    const { client, server, logger } = options;
    client.onclose = () => {
      this.#closed = true;
      onClose(this);
    };
    // Logged without the error, which may quote a whole result.
    client.fallbackRequestHandler = refuseQuestion;
    client.onerror = () => logger.debug({ server }, 'An MCP server sent something out of order');
    // Any number of notifications leads to one read, when the list is next needed.
    client.setNotificationHandler('notifications/tools/list_changed', () => {
      this.#stale = true;
    });
  }

  /** The names of all tools in the most recent list, offered or not; undefined before the first. */
  get listed(): readonly string[] | undefined {
    if (this.#tools === undefined) return undefined;
    return [...this.#tools.keys(), ...this.#problems.flatMap(({ tool }) => tool ?? [])];
  }

  /** Problems with the most recent list of tools. */
  get problems(): readonly ToolProblem[] {
    return this.#problems;
  }

  /** Whether the connection has ended, from either side. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Whether it has answered as it should: it has listed its tools at least once. */
  get hasWorked(): boolean {
    return this.#tools !== undefined;
  }

  /** Whether it ended as servers do that have done their work: by itself, without an error, and while no request waited for it. */
  get endedWell(): boolean {
    return this.#inFlight === 0 && this.hasWorked && this.#options.opened.endedWell?.() === true;
  }

  async open(signal: AbortSignal): Promise<void> {
    const { client, opened, limits } = this.#options;
    const options = { signal, timeout: limits.startTimeoutMs };
    await opened.exchange(() => client.connect(opened.transport, options));
  }

  /** The tools as last listed, unless the server has reported a change since. */
  get knownTools(): ToolCatalogue | undefined {
    return this.#stale ? undefined : this.#tools;
  }

  /**
   * Returns the tools. `known`: as last listed, unless the server has reported a change since. `current`: asks again,
   * unless the server promised to report changes and has reported none. `recent`: as `current`, unless the list is
   * younger than `limits.listMs`.
   */
  async tools(freshness: Freshness, signal: AbortSignal): Promise<ToolCatalogue> {
    const known = this.knownTools;
    if (known !== undefined && this.#isFresh(freshness)) return known;
    // All callers share one listing, which continues when one of them gives up.
    this.#listing ??= this.#list();
    this.#listing.catch(() => {});
    return raceAbort(this.#listing, signal);
  }

  /** Calls a tool. Rejects as the SDK does; see `explainCallError`. */
  async call(
    definition: ToolDefinition,
    args: Record<string, unknown>,
    signal: AbortSignal,
    onProgress?: (progress: ToolProgress) => void,
  ): Promise<RawToolResult> {
    const { client, opened, limits, idle } = this.#options;
    const send = () =>
      client.callTool(
        { name: definition.name, arguments: args },
        {
          signal,
          timeout: limits.callTimeoutMs,
          maxTotalTimeout: limits.callTotalTimeoutMs,
          resetTimeoutOnProgress: true,
          onprogress: (progress) => {
            this.#timedOut = 0;
            notify(onProgress, cleanProgress(progress));
          },
          // The definition that the model was shown, not the server's current one.
          toolDefinition: { name: definition.name, inputSchema: definition.inputSchema as { type: 'object' } },
        },
      );
    try {
      const result = await this.#during(() => idle.during(() => opened.exchange(send)));
      this.#timedOut = 0;
      return result as RawToolResult;
    } catch (error) {
      // Perhaps the server has forgotten the session in its own way: it is asked before the next call.
      if (SdkHttpError.isInstance(error)) this.#stale = true;
      throw explainLoss(error);
    }
  }

  /** Counts a timeout. Returns whether the server should be given up. */
  countTimeout(): boolean {
    this.#timedOut += 1;
    return this.#timedOut >= maxCallsTimedOut;
  }

  /** Why the server ended, in words that are safe to show; empty when unknown. */
  reason(): string {
    return this.#options.opened.reason();
  }

  /** What came that was no message, in words that are safe to show; empty if nothing did. */
  heard(): string {
    return this.#options.opened.heard?.() ?? '';
  }

  diagnostics(lines?: number): string {
    return this.#options.opened.diagnostics(lines);
  }

  close(): Promise<void> {
    this.#ending ??= this.#options.opened.close();
    this.#whenUnused?.();
    return this.#ending;
  }

  /** Closes it once no request waits for an answer of it. */
  async closeWhenUnused(): Promise<void> {
    if (this.#inFlight > 0 && this.#ending === undefined) {
      await new Promise<void>((resolve) => {
        this.#whenUnused = resolve;
      });
    }
    await this.close();
  }

  /** A call was refused by its server, which may have changed since it was listed: the next request asks again. */
  distrustList(): void {
    this.#listedAt = Number.NEGATIVE_INFINITY;
  }

  async #during<T>(task: () => Promise<T>): Promise<T> {
    this.#inFlight += 1;
    try {
      return await task();
    } finally {
      this.#inFlight -= 1;
      if (this.#inFlight === 0) this.#whenUnused?.();
    }
  }

  #isFresh(freshness: Freshness): boolean {
    if (freshness === 'known' || this.#tellsOfChanges()) return true;
    const { now, limits } = this.#options;
    return freshness === 'recent' && now() - this.#listedAt < limits.listMs;
  }

  #tellsOfChanges(): boolean {
    const { client, opened } = this.#options;
    // In the newer era only subscribers are notified of changes, and this host does not subscribe.
    return (
      opened.hears &&
      client.getProtocolEra() === 'legacy' &&
      client.getServerCapabilities()?.tools?.listChanged === true
    );
  }

  async #list(): Promise<ToolCatalogue> {
    const { client, opened, server, logger, limits, idle } = this.#options;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new TookTooLong()), limits.startTimeoutMs);
    const { signal } = timeout;
    const previous = this.#tools ?? new Map();
    const options = { signal, timeoutMs: limits.startTimeoutMs, previous, isWanted: this.#options.isWanted };
    this.#stale = false;
    const askedAt = this.#options.now();
    try {
      const { tools, problems } = await this.#during(() =>
        raceAbort(
          idle.during(() => opened.exchange(() => listTools(client, options))),
          signal,
        ),
      );
      const known = new Set(this.#problems.map(({ text }) => text));
      const news = problems.map(({ text }) => text).filter((text) => !known.has(text));
      if (news.length > 0) logger.warn({ server, problems: news }, 'Some tools of an MCP server are not offered');
      this.#problems = problems;
      this.#tools = tools;
      this.#listedAt = askedAt;
      return tools;
    } catch (error) {
      throw explainLoss(error);
    } finally {
      clearTimeout(timer);
      this.#listing = undefined;
    }
  }
}
