import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Auth, Grant } from '@latchkey/auth-core/llm';
import type { InferenceEngine } from '@latchkey/engine';
import { createLlamaEngine } from '@latchkey/llama';
import { createMcpHost, type McpConfig, type McpHost, watchMcpJson } from '@latchkey/mcp-bridge';
import { forgetCalls } from './approvals/sweep.ts';
import { trimDaily } from './audit/trim-daily.ts';
import { compose, RANDOM_IDS } from './compose.ts';
import { requireLabelledServers, unmatchedLabels } from './config/check-names.ts';
import { openMcpJson } from './config/open-mcp-json.ts';
import { ownSecrets, reviewSecrets } from './config/own-secrets.ts';
import type { ServerConfig } from './config/schema.ts';
import { toUpstreamOptions } from './config/upstreams.ts';
import { ServerError } from './contracts/server-error.ts';
import { createUpstreamEngine } from './engines/upstream/index.ts';
import { createApp } from './http/app.ts';
import type { ChatRoute } from './http/chat-route.ts';
import { toKoa } from './koa-adapter.ts';
import { withHop } from './mcp-endpoint/hop.ts';
import { lookAround, type ServerOverview } from './overview.ts';
import { ensureAdministrator, withAdministratorFile } from './state/administrator.ts';
import { announceServer, makeDataFolder, openDataFolder } from './state/data-folder.ts';
import { openDatabase } from './state/database.ts';
import { openDescriptionMemory } from './state/description-memory.ts';
import { lockFolder } from './state/folder-lock.ts';
import { forgetConversations } from './state/forget-conversations.ts';
import { isLoopback } from './state/loopback.ts';
import { nameInstallation } from './state/name-installation.ts';
import { keepDays, startRetention } from './state/retention.ts';
import { requireSameSecret } from './state/same-secret.ts';
import { createServerIdentity, isOwnHost } from './state/server-identity.ts';
import { type Stores, storesOf } from './state/stores.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';

/** A listening server. */
export interface Server extends AsyncDisposable {
  /** For example `http://127.0.0.1:1234`. */
  readonly url: string;
  /** For programs that embed the server: issues and verifies tokens without HTTP. */
  readonly auth: Auth;
  /** Describes models and MCP servers, with warnings about likely mistakes. */
  overview(): Promise<ServerOverview>;
  /** Reloads mcp.json, as also happens when the file changes. A file that cannot be used changes nothing. */
  reload(): Promise<void>;
  /** Stops accepting requests, lets running ones finish within `limits.shutdownSeconds`, and releases everything. */
  close(): Promise<void>;
}

export interface CreateServerOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly logger?: Logger;
  /** The file that the configuration was read from; it is hidden from MCP servers. */
  readonly configFile?: string;
  /**
   * Engines whose models are served in addition to those of the models folder; of two models with one key, the models
   * folder's is served. The server does not dispose of them.
   */
  readonly engines?: readonly InferenceEngine[];
  /** Chat APIs in addition to the server's own, each at its own path. */
  readonly dialects?: readonly ChatRoute[];
  /**
   * Stores to use in place of the database's. The server does not close them, and `retention` does not apply to them:
   * it only deletes from the database.
   */
  readonly stores?: Partial<Pick<Stores, 'conversations' | 'usage' | 'approvals' | 'pins'>>;
}

const NO_SERVERS: McpConfig = { servers: new Map(), warnings: [] };

/** How long interrupted streams may take to report the shutdown. */
export const CUTTING_MILLISECONDS = 1000;

/** What callers may do on a server without authentication: use models; no tools and no administration. */
const ANONYMOUS_GRANT: Grant = { actions: ['chat', 'embeddings', 'models:read', 'models:load'], models: ['*'] };

/**
 * Assembles a server and starts to listen. Throws when the configuration is unsafe or cannot be used: an address beyond
 * this machine without authentication, an mcp.json with errors, a port in use.
 *
 * @example
 * ```ts
 * import { createServer, defineConfig } from '@latchkey/server';
 *
 * await using server = await createServer(defineConfig({ data: './data', models: './models', port: 0 }));
 * console.log(server.url);
 * ```
 */
export async function createServer(config: ServerConfig, options: CreateServerOptions = {}): Promise<Server> {
  const openness = refuseToBeOpen(config);
  if (!config.auth && openness !== undefined) throw new ServerError('INVALID_REQUEST', openness, { param: 'host' });
  if (config.oauth.authorizationServers.length > 0 && config.publicUrl === undefined) throw namelessResource();
  const environment = options.environment ?? process.env;
  const logger = options.logger ?? createLogger(config.log);
  await using opened = new AsyncDisposableStack();
  makeDataFolder(config.data);
  // Locked before anything is read: a change that another server makes meanwhile would be missed.
  opened.use(lockFolder(config.data));
  const folder = openDataFolder(config.data, environment);
  const mcpJson = config.mcp === undefined ? NO_SERVERS : await openMcpJson(config.mcp, environment);
  requireLabelledServers(config, mcpJson);
  const secrets = ownSecrets({ ...config, configFile: options.configFile }, mcpJson.servers, environment);
  const warnings = reviewSecrets(secrets);

  const installation = nameInstallation(folder.secret);
  const identity = createServerIdentity(folder.secret);
  const clock = (): Date => new Date();
  const database = await openDatabase(config.database ?? folder.database, opened);
  await requireSameSecret(database.secret, folder.secret).catch((error: unknown) => {
    folder.forgetNewSecret();
    throw error;
  });
  const stores: Stores = { ...storesOf(database), ...options.stores };
  const host = opened.use(
    createMcpHost({
      config: mcpJson,
      logger: logger.child({ part: 'mcp' }),
      limits: toolLimits(config),
      ephemeral: config.ephemeralMcp,
      hiddenFromServers: secrets.map(({ path }) => path),
      serverHomes: join(resolve(folder.path), 'mcp-homes'),
      fetch: withHop(globalThis.fetch, installation),
      pins: { store: stores.pins, mode: config.mcpPins },
    }),
  );
  const watcher = opened.use(watchMcpServers(config, { host, environment, logger }));
  const engine = opened.use(
    createLlamaEngine({
      folder: config.models,
      gpu: config.engine.gpu,
      memory: openDescriptionMemory(join(folder.path, 'model-descriptions.json')),
      logger: logger.child({ part: 'engine' }),
      ...(config.engine.threads === undefined ? {} : { threads: config.engine.threads }),
    }),
  );
  const upstreams = Object.entries(config.upstreams).map(([name, upstream]) =>
    opened.use(createUpstreamEngine(toUpstreamOptions(name, upstream, environment))),
  );
  const stopping = new AbortController();
  const composition = await compose(
    {
      config,
      stores,
      engines: [engine, ...upstreams, ...(options.engines ?? [])],
      dialects: options.dialects ?? [],
      host,
      mcpJsonProblem: watcher.problem,
      secret: folder.secret,
      installation,
      refusesToBeOpen: openness,
      anonymous: ANONYMOUS_GRANT,
      prove: (nonce, name, { localAddress: address, localPort: port }) =>
        isOwnHost(name, { address, port }, config) ? identity.prove(nonce, name) : undefined,
      withAuth: (made) =>
        withAdministratorFile(made, folder, (cause) =>
          logger.error(
            { err: cause },
            "the administrator's new token could not be written; 'latchkey admin recover' makes another",
          ),
        ),
      logger,
      clocks: { now: clock, keys: clock, calendar: clock },
      ids: RANDOM_IDS,
      stopping: stopping.signal,
    },
    opened,
  );
  const { auth, log, approvals, catalog } = composition;
  await ensureAdministrator(auth, folder, database.administrator);
  const { exchangedKeyDays, responseDays, approvalDays } = config.retention;
  opened.use(
    startRetention({
      kept: [
        keepDays('exchanged keys', exchangedKeyDays, (time) => auth.forgetEnded(time)),
        keepDays('responses', responseDays, (time) => forgetConversations(database, time)),
        keepDays('approvals', approvalDays, (time) => forgetCalls(database.approvals, time.toISOString())),
        { name: 'audit log', forget: (now) => trimDaily(log, config.retention, now) },
      ],
      clock,
      logger,
    }),
  );

  const http = createHttpServer(
    {
      requestTimeout: 300_000,
      headersTimeout: 20_000,
      keepAliveTimeout: config.limits.keepAliveSeconds * 1000,
    },
    toKoa(createApp(composition.app), logger).callback(),
  );
  const url = await listen(http, config.host, config.port);
  const retract = announceServer(folder, { url, pid: process.pid, key: identity.key });
  const owned = opened.move();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const deadline = setTimeout(
      () => stopping.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.')),
      config.limits.shutdownSeconds * 1000,
    );
    // Interrupted streams get a moment to report it; then all connections are closed.
    const lastResort = setTimeout(
      () => http.closeAllConnections(),
      config.limits.shutdownSeconds * 1000 + CUTTING_MILLISECONDS,
    );
    retract();
    // No person can answer any more: pending calls must not use up the time of the running requests.
    approvals.close();
    await new Promise<void>((resolve) => {
      http.close(() => resolve());
      http.closeIdleConnections();
    });
    clearTimeout(deadline);
    clearTimeout(lastResort);
    await owned.disposeAsync();
  };
  const closeOnce = (): Promise<void> => {
    closing ??= close();
    return closing;
  };
  const overview = (): Promise<ServerOverview> =>
    lookAround({ config, catalog, host, warnings, reviewPolicy: composition.reviewPolicy });
  return { url, auth, overview, reload: watcher.reload, close: closeOnce, [Symbol.asyncDispose]: closeOnce };
}

/** Why a server on this address needs authentication; undefined when it does not. */
function refuseToBeOpen({ host, allowUnauthenticatedNetwork }: ServerConfig): string | undefined {
  if (allowUnauthenticatedNetwork || isLoopback(host)) return undefined;
  return (
    `Refusing to listen on ${host} without authentication: everybody who reaches that address could use this server. ` +
    'Leave authentication on, listen on 127.0.0.1, or add --allow-unauthenticated-network if you mean it.'
  );
}

/** The metadata contains the URL that it describes. */
const namelessResource = (): ServerError =>
  new ServerError(
    'INVALID_REQUEST',
    'oauth.authorizationServers needs publicUrl: the metadata of /mcp says by which URL it is reached.',
    { param: 'publicUrl' },
  );

/**
 * A tool that reports progress may take longer than a silent one, up to a limit. One result may use half of the
 * context; the rest is for the conversation around it.
 */
const toolLimits = ({ limits: { toolSeconds, toolIdleMinutes }, engine: { contextLength } }: ServerConfig) => ({
  resultTokens: contextLength / 2,
  callTimeoutMs: toolSeconds * 1000,
  callTotalTimeoutMs: toolSeconds * 5000,
  idleStopMs: toolIdleMinutes * 60_000,
});

/** Reloads mcp.json whenever it changes. */
function watchMcpServers(
  config: ServerConfig,
  { host, environment, logger }: Pick<Required<CreateServerOptions>, 'environment' | 'logger'> & { host: McpHost },
) {
  const path = config.mcp ?? join(config.data, 'mcp.json');
  return watchMcpJson({
    path,
    environment,
    onConfig: (changed) => {
      host.reload(changed);
      logger.info({ servers: changed.servers.size }, 'mcp.json was read again');
      for (const label of unmatchedLabels(config.toolLabels, changed)) {
        logger.warn({ label }, 'toolLabels names a server that mcp.json no longer has: its labels mean nothing');
      }
    },
    onError: ({ message }) =>
      logger.error({ file: path, problem: message }, 'mcp.json is not taken; what was read before stays in use'),
  });
}

async function listen(server: ReturnType<typeof createHttpServer>, host: string, port: number): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const { address, family, port: bound } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
}
