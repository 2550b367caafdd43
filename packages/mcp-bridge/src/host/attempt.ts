import { Client, type Implementation, SdkHttpError } from '@modelcontextprotocol/client';
import type { McpServerEntry } from '../config/mcp-config.ts';
import { filterAllows } from '../config/tool-filter.ts';
import type { BridgeLogger } from '../logger.ts';
import { loginProblem } from '../oauth/login-error.ts';
import { takeLeniently } from '../transport/lenient-handshake.ts';
import type { OpenTransport, OpenTransportOptions, TransportOpener } from '../transport/open-transport.ts';
import type { IdleTimer } from './idle-timer.ts';
import { raceAbort } from './race-abort.ts';
import { ServerSession } from './session.ts';

/** How long a server may be silent when it is asked for the newer era; older ones ignore what they do not know. */
const probeMs = 4_000;
/** The part of the start that the question may use up. */
const probeShare = 3;

/** One way to open a session: the transport, and whether the newer era of the protocol is asked for first. */
export interface Way {
  readonly entry: McpServerEntry;
  readonly asksForEra: boolean;
}

/** A session that was opened, or the reason why it was not. */
export interface Attempt {
  readonly way: Way;
  readonly session: ServerSession;
  readonly opened: OpenTransport;
  /** Whether the server was asked to begin, and not only which era it knows. */
  readonly begun: boolean;
  /** Whether the session is of the older era. */
  readonly isOlder: boolean;
  readonly failure?: { readonly cause: unknown };
}

export interface AttemptOptions extends OpenTransportOptions {
  readonly clientInfo: Implementation;
  readonly logger: BridgeLogger;
  readonly opener: TransportOpener;
  readonly idle: IdleTimer;
  readonly onOpened: (session: ServerSession) => void;
  readonly onClose: (session: ServerSession, why: string) => void;
}

/** Opens a session in one way. Never rejects. */
export async function attemptSession(way: Way, signal: AbortSignal, options: AttemptOptions): Promise<Attempt> {
  const { opener, limits, logger, now, clientInfo, idle, onOpened, onClose } = options;
  const { entry } = way;
  const opened = opener(entry, options);
  const handshake = takeLeniently(opened.transport);
  const asksForEra = opened.negotiates && way.asksForEra;
  const timeoutMs = Math.min(probeMs, limits.startTimeoutMs / probeShare);
  const client = new Client(clientInfo, {
    capabilities: {},
    versionNegotiation: asksForEra ? { mode: 'auto', probe: { timeoutMs } } : { mode: 'legacy' },
    inputRequired: { autoFulfill: false },
    // A schema that the server itself provides for its output gives no protection, and its patterns can block the
    // process.
    jsonSchemaValidator: {
      getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
    },
  });
  const { tools } = entry;
  const isWanted = (tool: string): boolean => tools === undefined || filterAllows(tools, tool);
  const given = { server: entry.id, client, opened, logger, limits, isWanted, now, started: now(), idle };
  const session = new ServerSession(given, () => onClose(session, opened.reason() || 'it closed the connection'));
  onOpened(session);
  const result = (failure?: { readonly cause: unknown }): Attempt => ({
    way,
    session,
    opened,
    begun: handshake.begun,
    isOlder: client.getProtocolEra() !== 'modern',
    ...(failure === undefined ? {} : { failure }),
  });
  try {
    await raceAbort(session.open(signal), signal);
    if (session.closed) throw new Error('it closed the connection');
    return result();
  } catch (cause) {
    return result({ cause });
  }
}

/**
 * The statuses with which a server that has only HTTP+SSE answers streamable HTTP (MCP 2025-11-25, transports,
 * backwards compatibility).
 */
const withoutStreamableHttp: readonly (number | undefined)[] = [400, 404, 405];

/**
 * Decides how one server is reached. The question for the newer era is never the last word: whatever became of it, the
 * server is asked to begin as well. What worked is tried first the next time, and what fails then is forgotten.
 */
export class Negotiation {
  readonly #entry: McpServerEntry;
  #known: Way | undefined;

  constructor(entry: McpServerEntry) {
    this.#entry = entry;
  }

  /** The entry with the transport that worked last, which may differ from the configured one. */
  get reached(): McpServerEntry {
    return this.#known?.entry ?? this.#entry;
  }

  /** The next way to try, after those that failed; undefined when there is none left. */
  next(tried: readonly Attempt[]): Way | undefined {
    return this.#ways(tried).find(
      ({ entry, asksForEra }) =>
        !tried.some(({ way }) => way.entry.transport === entry.transport && way.asksForEra === asksForEra),
    );
  }

  remember({ way, isOlder }: Attempt): void {
    this.#known = { entry: way.entry, asksForEra: way.asksForEra && !isOlder };
  }

  /** Of several failures, the one that says most about the server. */
  mostTelling(tried: readonly Attempt[]): Attempt {
    const asked = tried.filter(({ begun, way }) => begun && way.entry.transport === this.#entry.transport);
    const [first] = [...asked, ...tried];
    if (first === undefined) throw new TypeError('Nothing was tried');
    return first;
  }

  #ways(tried: readonly Attempt[]): readonly Way[] {
    const entry = this.#entry;
    const known = this.#known === undefined ? [] : [this.#known];
    if (entry.transport !== 'http') return [{ entry, asksForEra: false }];
    const refused = tried.some(
      ({ opened, failure }) => opened.reason() !== '' || loginProblem(failure?.cause) !== undefined,
    );
    if (refused) return [];
    const ways = [...known, { entry, asksForEra: true }];
    // An attempt that got as far as `initialize` is not repeated without the question.
    if (tried.some(({ way, begun }) => way.asksForEra && !begun)) ways.push({ entry, asksForEra: false });
    if (entry.sseFallback === true && tried.some(isWithoutStreamableHttp)) {
      const { sseFallback: _, ...rest } = entry;
      ways.push({ entry: { ...rest, transport: 'sse' }, asksForEra: false });
    }
    return ways;
  }
}

function isWithoutStreamableHttp({ way, begun, failure }: Attempt): boolean {
  const cause = failure?.cause;
  const isRefused = SdkHttpError.isInstance(cause) && withoutStreamableHttp.includes(cause.status);
  return begun && isRefused && way.entry.transport === 'http';
}
