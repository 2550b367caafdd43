import { isDeepStrictEqual } from 'node:util';
import type { Implementation } from '@modelcontextprotocol/client';
import type { Environment } from '../config/interpolate.ts';
import type { McpConfig, McpServerEntry } from '../config/mcp-config.ts';
import { filterAllows } from '../config/tool-filter.ts';
import { BridgeError } from '../errors.ts';
import { limitsOf, type McpLimits, resolveLimits } from '../limits.ts';
import { type BridgeLogger, silentLogger } from '../logger.ts';
import { SHARED_ACCOUNT } from '../oauth/login-store.ts';
import type { McpLogins } from '../oauth/logins.ts';
import { type PinOptions, type ReviewedTool, ToolPins } from '../pins/tool-pins.ts';
import { Sandbox } from '../sandbox/sandbox.ts';
import { askGate } from '../tools/ask-gate.ts';
import { openToolset, type ToolSelection } from '../tools/open-toolset.ts';
import { argumentNamesOf } from '../tools/tool-definition.ts';
import type { ToolEffect } from '../tools/tool-effect.ts';
import type { ToolGate } from '../tools/tool-gate.ts';
import type { Toolset } from '../tools/toolset.ts';
import { createAddressPolicy } from '../transport/address-policy.ts';
import { withHeadersCommand } from '../transport/credential-command.ts';
import type { Fetch } from '../transport/guarded-fetch.ts';
import { openTransport, type TransportOpener } from '../transport/open-transport.ts';
import { type NameResolver, resolveBySystem } from '../transport/pinned-fetch.ts';
import { systemFetch } from '../transport/system-fetch.ts';
import { ServerConnection, type ServerStatus } from './connection.ts';
import { ConnectionUses } from './connection-uses.ts';
import { bringServers, type EphemeralPolicy, type EphemeralServer } from './ephemeral-server.ts';
import { LoginConnections } from './login-connections.ts';

/** What `createMcpHost` takes; all but `config` have defaults. */
export interface McpHostOptions {
  readonly config: McpConfig;
  /** How the client introduces itself to servers. */
  readonly clientInfo?: Pick<Implementation, 'name' | 'version'>;
  readonly logger?: BridgeLogger;
  readonly limits?: Partial<McpLimits>;
  /**
   * Where child processes inherit HOME, LANG, PATH, TERM and the machine's settings (proxies, certificates, registries,
   * locale) from, and nothing else. Absent: this process.
   */
  readonly environment?: Environment;
  /** Files and folders that no sandboxed server can read, as absolute paths: the host's own secrets. */
  readonly hiddenFromServers?: readonly string[];
  /**
   * A file that lists further such paths, as a JSON array; it need not exist. It may be replaced at any time: a server
   * that runs and sees a new place is ended, and its next start does not see it.
   */
  readonly hiddenListFile?: string;
  /**
   * Files and folders that the host itself loads, as absolute paths: no sandboxed server can change them. The code of
   * this process is kept as well. A folder that an entry itself names to write is not.
   */
  readonly keptFromServers?: readonly string[];
  /**
   * The folder of the persistent homes of sandboxed servers, one for each server. Absent: a home is removed with its
   * server.
   */
  readonly serverHomes?: string;
  /** Milliseconds on a monotonic clock. */
  readonly now?: () => number;
  /** How configured servers are reached over HTTP. Absent: by the proxy that the environment names, if any. */
  readonly fetch?: Fetch;
  /** How a configured server is reached; absent: as a child process or by streamable HTTP. */
  readonly opener?: TransportOpener;
  /** From 0 up to 1, for the jitter of restarts. */
  readonly random?: () => number;
  /** How tool definitions are approved. Absent: all are accepted. */
  readonly pins?: PinOptions;
  /** Where request-scoped servers may be. Absent: requests cannot have any. */
  readonly ephemeral?: Partial<EphemeralPolicy>;
  /** How the names of such servers are resolved. Absent: by the system. */
  readonly resolve?: NameResolver;
  /** The logins at remote servers. Absent: servers are not signed in to. */
  readonly logins?: McpLogins;
}

/** A tool that a server offers and a gate permits. */
export interface OfferedTool {
  /** The tool's own name. */
  readonly name: string;
  readonly description?: string;
  /** A JSON Schema of type `object`. */
  readonly inputSchema: Record<string, unknown>;
  /** The names that its schema gives the arguments, as they are passed to a gate; see `ToolGateCall`. */
  readonly argumentNames: readonly string[];
  /** What it does, by its pinned definition; see `ToolGateCall`. */
  readonly effect: ToolEffect;
}

/** The servers of an mcp.json and their tools. */
export interface McpHost extends AsyncDisposable {
  /**
   * The same host, for the requests of one owner: where that owner has signed in to a server, its requests use its own
   * login and its own session there. Without this, requests use shared logins only.
   */
  forOwner(owner: string): McpHostView;
  /** An entry of the mcp.json, by its id. @throws BridgeError `MCP_SERVER_UNKNOWN` */
  entry(server: string): McpServerEntry;
  /** In the order of the mcp.json. */
  servers(): ServerStatus[];
  /** The parts of the mcp.json that have no effect, and programs that have changed; each with its key. */
  warnings(): readonly string[];
  /**
   * Applies a new configuration. A server with an unchanged entry continues to run. One that was changed or removed
   * ends as soon as every toolset that was opened before is closed. Such a toolset stays as it is, except for tools
   * that the new mcp.json removes.
   *
   * @throws BridgeError `MCP_CLOSED`
   */
  reload(config: McpConfig): void;
  /**
   * Returns the tools of one server that the gate permits, in the server's order; undefined when the server is not
   * running and must not be started.
   *
   * @throws BridgeError `MCP_SERVER_UNKNOWN`, `MCP_CONNECTION_FAILED`, `MCP_CLOSED`; the signal's reason when it is
   * aborted.
   */
  tools(
    server: string,
    gate: ToolGate,
    options: { readonly start: boolean; readonly signal: AbortSignal },
  ): Promise<readonly OfferedTool[] | undefined>;
  /**
   * Returns all tools of one server for its operator to review, and which are held back; undefined when the server is
   * not running and must not be started. Without `pins`, all tools are new and none is held back.
   *
   * @throws BridgeError as `tools` does
   */
  review(
    server: string,
    options: { readonly start: boolean; readonly signal: AbortSignal },
  ): Promise<readonly ReviewedTool[] | undefined>;
  /**
   * Approves reviewed definitions: tool to fingerprint. Running requests keep their tools.
   *
   * @throws BridgeError `MCP_TOOL_UNAVAILABLE`, `MCP_TOOL_CHANGED`, and as `tools` does; then nothing is approved.
   * @throws TypeError when the host has no `pins`
   */
  approve(server: string, tools: ReadonlyMap<string, string>, signal: AbortSignal): Promise<void>;
  /**
   * Returns the last lines of a server's standard error since its last start, without the values that the mcp.json
   * gives it. For its operator only: a server may print anything that it received.
   *
   * @throws BridgeError `MCP_SERVER_UNKNOWN`
   */
  output(server: string): string;
  /**
   * Opens the tools that a request may use. Servers are started as needed.
   *
   * @throws BridgeError `MCP_DENIED`, `MCP_SERVER_UNKNOWN`, `MCP_TOOL_UNAVAILABLE`, `MCP_NO_TOOLS`,
   * `MCP_CONNECTION_FAILED`, `MCP_EPHEMERAL_INVALID`, `MCP_CLOSED`; the signal's reason when it is aborted.
   *
   * @param ephemeral the request-scoped servers; a selection names one by its id, see `ephemeralServer`. They are
   *   connected for this toolset only and closed with it.
   */
  openToolset(
    selections: readonly ToolSelection[],
    gate: ToolGate,
    signal: AbortSignal,
    ephemeral?: readonly EphemeralServer[],
  ): Promise<Toolset>;
}

/** A host as the requests of one owner see it. */
export type McpHostView = Pick<McpHost, 'servers' | 'tools' | 'review' | 'approve' | 'output' | 'openToolset'>;

/**
 * Hosts the servers of an mcp.json. Nothing is started until a request needs it; a server is shared by all requests and
 * started again after it died. Disposing of the host ends every child process and waits for that.
 *
 * > [!WARNING]
 * > Write access to the configuration lets a user run programs. Take it from the operator's file only, never from a
 * > request.
 *
 * @example
 * ```ts
 * import { createMcpHost, loadMcpJson } from '@latchkey/mcp-bridge';
 *
 * const config = await loadMcpJson('./mcp.json', process.env);
 * await using host = createMcpHost({ config });
 * const gate = ({ tool }: { tool?: string }) =>
 *   tool === undefined || tool.startsWith('read_')
 *     ? { allowed: true as const }
 *     : { allowed: false as const, reason: 'Only reading is allowed.' };
 * const toolset = await host.openToolset([{ server: 'mcp/files' }], gate, AbortSignal.timeout(30_000));
 * const outcome = await toolset.call('read_text_file', { path: 'a.txt' }, { signal: AbortSignal.timeout(60_000) });
 * console.log(outcome.type === 'success' ? outcome.text : outcome.reason);
 * ```
 */
export function createMcpHost(options: McpHostOptions): McpHost {
  const { clientInfo = { name: 'latchkey', version: '0' }, logger = silentLogger } = options;
  const limits = resolveLimits(options.limits);
  // An invalid range is the operator's mistake and is reported at the start.
  createAddressPolicy(options.ephemeral?.allowPrivateHosts ?? []);
  const shared = {
    clientInfo,
    logger,
    environment: options.environment ?? process.env,
    now: options.now ?? (() => performance.now()),
    fetch: options.fetch ?? systemFetch(options.environment ?? process.env),
    opener: options.opener ?? openTransport,
    random: options.random ?? Math.random,
    sandbox: new Sandbox({
      // The tools are those of this process; the home that servers would inherit is that of their environment.
      environment: { ...process.env, HOME: (options.environment ?? process.env).HOME },
      hidden: options.hiddenFromServers ?? [],
      hiddenList: options.hiddenListFile,
      kept: options.keptFromServers ?? [],
      homes: options.serverHomes,
    }),
  };
  const uses = new ConnectionUses();
  let connections: ReadonlyMap<string, ServerConnection> = new Map();
  const pins = new ToolPins(options.pins, (server) => connections.get(server)?.entry.pinned, logger);
  let ineffective: readonly string[] = [];
  let closing: Promise<unknown> | undefined;

  const fetchFor = (entry: McpServerEntry, account: string): Fetch => {
    const command = 'headersCommand' in entry ? entry.headersCommand : undefined;
    const { fetch: sent, environment } = shared;
    const fetch = options.logins === undefined ? sent : options.logins.fetchFor(entry, account, sent);
    return command === undefined
      ? fetch
      : withHeadersCommand(fetch, { command, environment, check: () => shared.sandbox.checkHostSide(entry) });
  };
  const connect = (entry: McpServerEntry, account = SHARED_ACCOUNT): ServerConnection => {
    if (entry.problem !== undefined) {
      logger.error({ server: entry.id, problem: entry.problem }, 'An MCP server is not configured completely');
    }
    return new ServerConnection({
      ...shared,
      entry,
      limits: limitsOf(entry, limits),
      fetch: fetchFor(entry, account),
      pinned: () => pins.degree(entry.id),
    });
  };
  const { logins } = options;
  const owned = logins && new LoginConnections({ logins, connect, retire: (connection) => uses.retire(connection) });
  // A shared login that begins or ends is a new start.
  logins?.onChange((server, account) => {
    const connection = account === SHARED_ACCOUNT ? connections.get(server) : undefined;
    if (connection === undefined || closing !== undefined) return;
    connections = new Map(connections).set(server, connect(connection.entry));
    uses.retire(connection);
  });
  const configure = ({ servers, warnings }: McpConfig): void => {
    const previous = connections;
    shared.sandbox.configure([...servers.values()]);
    ineffective = warnings;
    connections = new Map(
      [...servers.values()].map((entry) => {
        const known = previous.get(entry.id);
        return [entry.id, known !== undefined && isDeepStrictEqual(known.entry, entry) ? known : connect(entry)];
      }),
    );
    const kept = new Set(connections.values());
    for (const connection of previous.values()) if (!kept.has(connection)) uses.retire(connection);
    owned?.keep(new Set([...kept].map(({ entry }) => entry)));
    for (const warning of warnings) logger.warn({ warning }, 'Part of the mcp.json has no effect');
    // Tries the sandbox out in advance, before its layers are requested.
    const isWanted =
      shared.opener === openTransport && [...servers.values()].some(({ transport }) => transport === 'stdio');
    if (isWanted) void shared.sandbox.tools();
  };
  const refuseWhenClosed = (): void => {
    if (closing !== undefined) throw new BridgeError('MCP_CLOSED', 'The MCP host has been closed.');
  };
  const find = (server: string): ServerConnection => {
    const connection = connections.get(server);
    if (connection !== undefined) return connection;
    throw new BridgeError('MCP_SERVER_UNKNOWN', `There is no MCP server "${server}" in the mcp.json.`, { server });
  };
  const pick = async (server: string, owner: string | undefined): Promise<ServerConnection> =>
    owned === undefined ? find(server) : owned.choose(find(server), owner);
  /** The newest configuration also applies to toolsets that were opened before: what it removes is gone at once. */
  const narrow =
    (gate: ToolGate): ToolGate =>
    (call, context) => {
      const filter = connections.get(call.server)?.entry.tools;
      const isLeft = call.tool === undefined || filter === undefined || filterAllows(filter, call.tool);
      return isLeft
        ? gate(call, context)
        : { allowed: false, reason: 'The mcp.json of this host leaves this tool out.' };
    };
  configure(options.config);

  const viewOf = (owner: string | undefined): McpHostView => ({
    servers: () => [...connections.values()].map((common) => (owned?.known(common.entry, owner) ?? common).status()),
    async openToolset(selections, gate, signal, ephemeral = []) {
      refuseWhenClosed();
      const brought = bringServers(ephemeral, {
        ...shared,
        limits,
        policy: options.ephemeral,
        resolve: options.resolve ?? resolveBySystem,
        isConfigured: (id) => connections.has(id),
      });
      const chosen = new Map<string, ServerConnection>();
      for (const { server } of selections) {
        const common = connections.get(server);
        if (common !== undefined && owned !== undefined) chosen.set(server, await owned.choose(common, owner));
      }
      const snapshot = new Map([...connections, ...chosen, ...brought.connections]);
      const release = uses.hold([
        ...selections.flatMap(({ server }) => snapshot.get(server) ?? []),
        ...brought.connections.values(),
      ]);
      // No later request uses these connections.
      for (const connection of brought.connections.values()) uses.retire(connection);
      const end = async (): Promise<void> => {
        release();
        await Promise.all([...brought.connections.values()].map((connection) => connection.close()));
      };
      try {
        const toolset = await openToolset(selections, {
          connections: snapshot,
          // A request-scoped server exists for this request only, so there is no earlier definition to compare with.
          approved: async (server, tools) => (brought.connections.has(server) ? tools : pins.approved(server, tools)),
          gate: brought.within(narrow(gate)),
          logger,
          signal,
        });
        return { ...toolset, close: () => toolset.close().finally(end) };
      } catch (error) {
        await end();
        throw error;
      }
    },
    async tools(server, gate, { start, signal }) {
      refuseWhenClosed();
      const connection = await pick(server, owner);
      if (!start && connection.status().state !== 'ready') return undefined;
      const release = uses.hold([connection]);
      try {
        const { tools: listed } = await connection.listed(start ? 'current' : 'known', signal);
        const tools = await pins.approved(server, listed);
        const offered: OfferedTool[] = [];
        for (const [name, { definition }] of tools) {
          const effect = connection.effectOf(definition);
          const { allowed } = await askGate(narrow(gate), { server, tool: name, effect }, { signal }, logger);
          const { description, inputSchema } = definition;
          if (!allowed) continue;
          const argumentNames = argumentNamesOf(definition);
          const described = { name, ...(description === undefined ? {} : { description }) };
          offered.push({ ...described, inputSchema, argumentNames, effect });
        }
        return offered;
      } finally {
        release();
      }
    },
    async review(server, { start, signal }) {
      refuseWhenClosed();
      const connection = await pick(server, owner);
      if (!start && connection.status().state !== 'ready') return undefined;
      const release = uses.hold([connection]);
      try {
        const { tools } = await connection.listed('current', signal);
        return await pins.review(server, tools);
      } finally {
        release();
      }
    },
    async approve(server, tools, signal) {
      refuseWhenClosed();
      if (options.pins === undefined) throw new TypeError('A host without pins cannot approve tools.');
      const connection = await pick(server, owner);
      const release = uses.hold([connection]);
      try {
        const { tools: listed } = await connection.listed('known', signal);
        await pins.approve(server, listed, tools);
      } finally {
        release();
      }
    },
    output: (server) => {
      const common = find(server);
      return (owned?.known(common.entry, owner) ?? common).output();
    },
  });

  return {
    ...viewOf(undefined),
    forOwner: viewOf,
    entry: (server) => find(server).entry,
    warnings: () => [...ineffective, ...[...connections.values()].flatMap(({ changed }) => changed ?? [])],
    reload(config) {
      refuseWhenClosed();
      configure(config);
    },
    async [Symbol.asyncDispose]() {
      closing ??= Promise.allSettled([
        ...[...connections.values()].map((connection) => connection.close()),
        owned?.close(),
        uses.close(),
        shared.sandbox.settled(),
      ]);
      await closing;
    },
  };
}
