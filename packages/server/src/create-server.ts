import { join, resolve } from 'node:path';
import { createSealer } from '@latchkey/auth-core';
import type { Auth, Grant } from '@latchkey/auth-core/llm';
import type { InferenceEngine } from '@latchkey/engine';
import { createLlamaEngine } from '@latchkey/llama';
import { createMcpHost, type McpConfig, type McpHost, systemFetch, watchMcpJson } from '@latchkey/mcp-bridge';
import { forgetCalls } from './approvals/sweep.ts';
import { trimDaily } from './audit/trim-daily.ts';
import { type Composition, compose, RANDOM_IDS } from './compose.ts';
import { backupListFile } from './config/backup-list.ts';
import { requireLabelledServers, unmatchedLabels } from './config/check-names.ts';
import { isLoopback } from './config/loopback.ts';
import { openMcpJson } from './config/open-mcp-json.ts';
import { hiddenPlaces, ownSecrets, reviewSecrets } from './config/own-secrets.ts';
import { requirePublicUrl } from './config/public-url.ts';
import { type ServerConfig, UNIX_PEER } from './config/schema.ts';
import { toUpstreamOptions } from './config/upstreams.ts';
import { toEndpoints } from './config/webhooks.ts';
import { ServerError } from './contracts/server-error.ts';
import { openDownloads } from './downloads/open-downloads.ts';
import { createUpstreamEngine } from './engines/upstream/index.ts';
import { createApp } from './http/app.ts';
import type { ChatRoute } from './http/chat-route.ts';
import { toKoa } from './koa-adapter.ts';
import { listenOn } from './listening.ts';
import { withHop } from './mcp-endpoint/hop.ts';
import { createKyselyLoginStore } from './mcp-logins/kysely-login-store.ts';
import { lookAround, type ServerOverview } from './overview.ts';
import { AUTHENTICATE_PATH } from './sdk-routes.ts';
import { SdkSockets } from './sdk-socket/sockets.ts';
import { ensureAdministrator, withAdministratorFile } from './state/administrator.ts';
import { announceServer, makeDataFolder, openDataFolder } from './state/data-folder.ts';
import { openDatabase, requireWritable } from './state/database.ts';
import { openDescriptionMemory } from './state/description-memory.ts';
import { lockFolder } from './state/folder-lock.ts';
import { forgetConversations } from './state/forget-conversations.ts';
import { hasEndedIn } from './state/has-ended.ts';
import { createOperatorDesk } from './state/operator-desk.ts';
import { createRequestOpener, newRun } from './state/operator-request.ts';
import { keepDays, startRetention } from './state/retention.ts';
import { findOldestSecret, nameInstallation, requireSameSecret } from './state/same-secret.ts';
import { givenSecret } from './state/secrets.ts';
import { createServerIdentity, isOwnHost } from './state/server-identity.ts';
import { openSpareRoom } from './state/spare-room.ts';
import { type Stores, storesOf } from './state/stores.ts';
import { watchMachine } from './state/watch-machine.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { createSubjectTokens } from './tools/mcp-subject-token.ts';
import { openLogins } from './tools/open-logins.ts';
import { createServerLookout } from './webhooks/watch-servers.ts';

/** A listening server. */
export interface Server extends AsyncDisposable {
  /** For example `http://127.0.0.1:1234`. */
  readonly url: string;
  /** The Unix sockets on which it listens as well. */
  readonly paths: readonly string[];
  /** The URL of the second port, where the configuration has an `ollamaPort`. */
  readonly ollamaUrl?: string;
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
  /**
   * Descriptors of sockets that a supervisor has opened and that listen already. One with an address takes the place of
   * `host` and `port`.
   */
  readonly inherited?: readonly number[];
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

/** How long it is remembered that a message was sent; longer than the month that a budget lasts. */
const WEBHOOK_DAYS = 40;

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
  const openness = requireClosed(config);
  requireMetadataUrl(config);
  const environment = options.environment ?? process.env;
  const logger = options.logger ?? createLogger(config.log);
  await using opened = new AsyncDisposableStack();
  makeDataFolder(config.data);
  // Locked before anything is read: a change that another server makes meanwhile would be missed.
  opened.use(lockFolder(config.data));
  // Before the database, which needs room to be opened.
  const room = config.database === undefined ? opened.use(openSpareRoom(config.data)) : undefined;
  const folder = openDataFolder(config.data, environment);
  const mcpJson = config.mcp === undefined ? NO_SERVERS : await openMcpJson(config.mcp, environment);
  requireLabelledServers(config, mcpJson);
  const places = { ...config, configFile: options.configFile };
  const warnings = reviewSecrets(ownSecrets(places, mcpJson.servers, environment));

  const clock = (): Date => new Date();
  const database = await openDatabase(config.database ?? folder.database, opened);
  await requireSameSecret(database.secret, folder.secrets).catch((error: unknown) => {
    folder.forgetNewSecret();
    throw error;
  });
  const installation = await nameInstallation(database.secret, folder.secrets);
  // Callers have recorded this identity: it lasts as long as the oldest secret.
  const oldestSecret = await findOldestSecret(database.secret, folder.secrets);
  const identity = createServerIdentity(oldestSecret);
  const stores: Stores = { ...storesOf(database), ...options.stores };
  const loginStore = createKyselyLoginStore(database.logins, {
    sealer: createSealer(folder.secrets),
    clock,
    hasEnded: hasEndedIn(stores.tokens, clock),
  });
  const mcpFetch = withHop(globalThis.fetch, installation);
  const logins = openLogins(config.publicUrl, {
    store: loginStore,
    logger: logger.child({ part: 'mcp' }),
    clock,
    fetch: mcpFetch,
    // No request is answered before these are there.
    subjectToken: (account, audience) =>
      createSubjectTokens(composition.keys, config.publicUrl, clock)(account, audience),
    onLost: async ({ server, account, why }) => {
      const whose = account === '' ? { account: 'shared' } : { account: 'user' };
      const actor = account === '' ? {} : { owner: account };
      await composition.log.record({
        type: 'mcp.login_lost',
        actor,
        subject: server,
        details: { ...whose, reason: why },
      });
    },
  });
  const host = opened.use(
    createMcpHost({
      config: mcpJson,
      logger: logger.child({ part: 'mcp' }),
      limits: toolLimits(config),
      ephemeral: config.ephemeralMcp,
      hiddenFromServers: hiddenPlaces(places, mcpJson.servers, environment),
      hiddenListFile: backupListFile(folder.path),
      keptFromServers: [resolve(config.models)],
      serverHomes: join(resolve(folder.path), 'mcp-homes'),
      fetch: withHop(systemFetch(environment), installation),
      logins,
      pins: { store: stores.pins, mode: config.mcpPins, degree: config.mcpPinned },
    }),
  );
  const watcher = opened.use(watchMcpServers(config, { host, environment, logger }));
  const engine = opened.use(
    createLlamaEngine({
      folder: config.models,
      gpu: config.engine.gpu,
      ignoresMemory: !config.engine.checkMemory,
      memory: openDescriptionMemory(join(folder.path, 'model-descriptions.json')),
      logger: logger.child({ part: 'engine' }),
      ...(config.engine.threads === undefined ? {} : { threads: config.engine.threads }),
    }),
  );
  const upstreams = Object.entries(config.upstreams).map(([name, upstream]) =>
    opened.use(createUpstreamEngine(toUpstreamOptions(name, upstream, environment))),
  );
  const downloads = opened.use(openDownloads(config, { folder: folder.path, environment, logger, clock }));
  const webhooks = toEndpoints(config.webhooks, environment);
  const run = newRun();
  const desk = createOperatorDesk({
    // No request is answered before it is there.
    auth: () => composition.auth,
    log: () => composition.log,
    folder,
    database,
    hasGivenSecret: givenSecret(environment) !== undefined,
  });
  const stopping = new AbortController();
  const composition: Composition = await compose(
    {
      config,
      stores,
      engines: [engine, ...upstreams, ...(options.engines ?? [])],
      dialects: options.dialects ?? [],
      downloads,
      host,
      logins,
      mcpJsonProblem: watcher.problem,
      secrets: folder.secrets,
      earlierHmacKey: folder.earlierHmacKey,
      oldestSecret,
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
      webhooks,
      requireWritable: () => requireWritable(database),
      operator: { desk, open: createRequestOpener(folder.secrets[0], run, clock) },
      environment,
      fetch: systemFetch(environment) as typeof globalThis.fetch,
      ...(room === undefined ? {} : { room }),
    },
    opened,
  );
  const { auth, log, approvals, catalog, sessions, connections, accounts } = composition;
  await ensureAdministrator(auth, folder, database.administrator);
  const { exchangedKeyDays, responseDays, approvalDays } = config.retention;
  opened.use(
    startRetention({
      kept: [
        keepDays('exchanged keys', exchangedKeyDays, (time) => auth.forgetEnded(time)),
        keepDays('responses', responseDays, (time) => forgetConversations(database, time)),
        keepDays('approvals', approvalDays, (time) => forgetCalls(database.approvals, time.toISOString())),
        { name: 'logins at MCP servers', forget: () => loginStore.sweep() },
        { name: 'sessions of the console', forget: () => sessions.sweep() },
        { name: 'clients of /mcp', forget: () => connections.sweep() },
        ...(accounts === undefined ? [] : [{ name: 'accounts of persons', forget: () => accounts.sweep() }]),
        keepDays('messages to webhooks', WEBHOOK_DAYS, (time) => stores.deliveries.forget(time.toISOString())),
        { name: 'audit log', forget: (now) => trimDaily(log, config.retention, now) },
      ],
      clock,
      logger,
    }),
  );

  if (webhooks.length > 0) opened.use(watchForWebhooks(composition, host, logger));
  opened.use(watchMachine({ folder: config.data, room, logger, requireWritable: () => requireWritable(database) }));

  const sockets = new SdkSockets({
    app: createApp({ ...composition.app, routes: composition.sdkRoutes }),
    authenticatePath: AUTHENTICATE_PATH,
    logger: logger.child({ part: 'sdk' }),
    bodyBytes: config.limits.bodyBytes,
    connectionsPerToken: config.limits.sdkConnectionsPerToken,
  });
  const app = createApp(composition.app);
  const listening = await listenOn(
    {
      host: config.host,
      ports: [config.port, ...(config.ollamaPort === undefined ? [] : [config.ollamaPort])],
      paths: config.listen.map((place) => place.slice('unix:'.length)),
      inherited: options.inherited ?? [],
      check: (address) => requireClosed({ ...config, host: address }),
    },
    {
      requestTimeout: 300_000,
      headersTimeout: 20_000,
      keepAliveTimeout: config.limits.keepAliveSeconds * 1000,
    },
    { request: toKoa(app, logger).callback(), localRequest: toKoa(app, logger, UNIX_PEER).callback(), sockets },
  );
  const [url = '', ollamaUrl] = listening.urls;
  const retract = announceServer(folder, { url, pid: process.pid, key: identity.key, run });
  const owned = opened.move();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const deadline = setTimeout(
      () => stopping.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.')),
      config.limits.shutdownSeconds * 1000,
    );
    // Interrupted streams get a moment to report it; then all connections are closed.
    const lastResort = setTimeout(() => listening.cut(), config.limits.shutdownSeconds * 1000 + CUTTING_MILLISECONDS);
    retract();
    // No person can answer any more: pending calls must not use up the time of the running requests.
    approvals.close();
    await listening.close();
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
  return {
    url,
    paths: listening.paths,
    ...(ollamaUrl === undefined ? {} : { ollamaUrl }),
    auth,
    overview,
    reload: watcher.reload,
    close: closeOnce,
    [Symbol.asyncDispose]: closeOnce,
  };
}

/** @throws {ServerError} for an address beyond this machine, while authentication is off */
function requireClosed(config: ServerConfig): string | undefined {
  const openness = refuseToBeOpen(config);
  if (!config.auth && openness !== undefined) throw new ServerError('INVALID_REQUEST', openness, { param: 'host' });
  return openness;
}

/** Why a server on this address needs authentication; undefined when it does not. */
function refuseToBeOpen({ host, allowUnauthenticatedNetwork }: ServerConfig): string | undefined {
  if (allowUnauthenticatedNetwork || isLoopback(host)) return undefined;
  return (
    `Refusing to listen on ${host} without authentication: every caller who reaches that address could use this server. ` +
    'Leave authentication on, listen on 127.0.0.1, or add --allow-unauthenticated-network if you mean it.'
  );
}

/** The metadata contains the URL that it describes. */
function requireMetadataUrl({ oauth, publicUrl }: Pick<ServerConfig, 'oauth' | 'publicUrl'>): void {
  const { authorizationServers, authorizationServer } = oauth;
  if (!authorizationServer && authorizationServers.length === 0) return;
  const setting = authorizationServer ? 'oauth.authorizationServer' : 'oauth.authorizationServers';
  requirePublicUrl(publicUrl, setting, 'the metadata of /mcp says by which URL it is reached');
}

/**
 * A tool that reports progress may take longer than a silent one, up to a limit. One result may use half of the
 * context; the rest is for the conversation around it.
 */
const toolLimits = ({ limits, engine: { contextLength } }: ServerConfig) => ({
  resultTokens: contextLength / 2,
  startTimeoutMs: limits.toolStartSeconds * 1000,
  callTimeoutMs: limits.toolSeconds * 1000,
  callTotalTimeoutMs: (limits.toolTotalSeconds ?? limits.toolSeconds * 5) * 1000,
  messageBytes: limits.toolMessageBytes,
  resultBytes: limits.toolResultBytes,
  idleStopMs: limits.toolIdleMinutes * 60_000,
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
    onUnwatched: (error) =>
      logger.warn(
        { file: path, problem: whyUnwatched(error) },
        'changes of mcp.json are not reported by the system: it is looked at every two seconds, and SIGHUP reads it at once',
      ),
  });
}

/** inotify reports its own bounds with the codes of files and of disks. */
function whyUnwatched({ code = '', message }: NodeJS.ErrnoException): string {
  if (code === 'EMFILE') return 'no inotify instance is left (EMFILE): sysctl fs.inotify.max_user_instances';
  if (code === 'ENOSPC') return 'no inotify watch is left (ENOSPC): sysctl fs.inotify.max_user_watches';
  return message;
}

const LOOK_MILLISECONDS = 5000;
const TOKENS_MILLISECONDS = 600_000;

/** Looks for what operators want to be told of and what nothing else notices: tokens, MCP servers and upstream servers. */
function watchForWebhooks(
  { notify, noticeExpiring, lookAtEngines }: Pick<Composition, 'notify' | 'noticeExpiring' | 'lookAtEngines'>,
  host: McpHost,
  logger: Logger,
): Disposable {
  const lookout = createServerLookout(host, notify);
  const logged = (look: () => Promise<void>) => () =>
    void look().catch((error: unknown) => logger.warn({ err: error }, 'what webhooks are for could not be looked at'));
  const lookAtTokens = logged(() => noticeExpiring(new Date()));
  lookAtTokens();
  const timers = [
    setInterval(lookAtTokens, TOKENS_MILLISECONDS),
    setInterval(
      logged(() => lookout.look(new Date())),
      LOOK_MILLISECONDS,
    ),
    setInterval(
      logged(() => lookAtEngines(new Date())),
      LOOK_MILLISECONDS,
    ),
  ];
  for (const timer of timers) timer.unref();
  return { [Symbol.dispose]: () => timers.forEach(clearInterval) };
}
