import { randomBytes, randomUUID } from 'node:crypto';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Auth,
  anonymousPrincipal,
  createAuth,
  createMeter,
  FULL_GRANT,
  type Grant,
  parseGrant,
} from '@latchkey/auth-core';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import { createMcpHost, loadMcpJson } from '@latchkey/mcp-bridge';
import { createChatService } from './chat/chat-service.ts';
import type { ServerConfig } from './config/schema.ts';
import type { Sampling } from './contracts/inference-engine.ts';
import { ServerError } from './contracts/server-error.ts';
import { createKyselyConversationStore } from './conversations/kysely-conversation-store.ts';
import { createLlamaEngine } from './engines/llama/index.ts';
import { createApp } from './http/app.ts';
import { createCanHandler } from './http/handlers/can.ts';
import { createChatHandler } from './http/handlers/chat.ts';
import { createChatCompletionsHandler } from './http/handlers/chat-completions.ts';
import { createModelHandlers } from './http/handlers/models.ts';
import { createTokenHandlers } from './http/handlers/tokens.ts';
import { createWhoamiHandler } from './http/handlers/whoami.ts';
import { createRoutes } from './http/routes.ts';
import { ModelPool } from './models/model-pool.ts';
import { createModelRegistry } from './models/model-registry.ts';
import { ensureAdministrator } from './state/administrator.ts';
import { announceServer, openDataFolder } from './state/data-folder.ts';
import { openDatabase } from './state/database.ts';
import { isLoopback } from './state/loopback.ts';
import { resolveRealPath } from './state/real-path.ts';
import { requireSoleServer } from './state/sole-server.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { openToolset } from './tools/open-toolset.ts';

/** A server that listens. */
export interface Server extends AsyncDisposable {
  /** E.g. `http://127.0.0.1:1234`. */
  readonly url: string;
  /** For whoever embeds the server: tokens can be issued and asked about without HTTP. */
  readonly auth: Auth;
  /** Stops taking requests, lets the running ones finish within `limits.shutdownSeconds`, frees everything. */
  close(): Promise<void>;
}

export interface CreateServerOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly logger?: Logger;
}

/** What callers may do on a server without authentication: talk to models; no tools and no administration. */
const ANONYMOUS_GRANT: Grant = { actions: ['chat', 'embeddings', 'models:read', 'models:load'], models: ['*'] };

/**
 * Puts a server together and starts to listen. Throws when the configuration is unsafe or can't be used: an address
 * beyond this machine without authentication, an mcp.json with errors, a port that is taken.
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
  refuseOpenNetwork(config);
  const environment = options.environment ?? process.env;
  const logger = options.logger ?? createLogger(config.log);
  const folder = openDataFolder(config.data, environment);
  await requireSoleServer(folder);
  await using opened = new AsyncDisposableStack();

  const { tokens, limits, conversations } = await openDatabase(folder.database, opened);
  const auth = createAuth({
    store: tokens,
    digestKey: folder.secret,
    policy: config.policy === undefined ? FULL_GRANT : parseGrant(config.policy, { patterns: re2jsPatterns }),
    patterns: re2jsPatterns,
    resolvePath: resolveRealPath,
  });
  opened.use(auth);
  const meter = opened.use(createMeter({ store: limits }));
  await ensureAdministrator(auth, folder);

  const mcp = opened.use(
    createMcpHost({
      config:
        config.mcp === undefined ? { servers: new Map(), warnings: [] } : await loadMcpJson(config.mcp, environment),
      logger: logger.child({ part: 'mcp' }),
      limits: toolLimits(config),
    }),
  );
  const engine = opened.use(createLlamaEngine({ logger: logger.child({ part: 'engine' }) }));
  const registry = createModelRegistry(config.models, config.aliases, engine);
  const pool = opened.use(
    new ModelPool({
      engine,
      logger,
      contextLength: config.engine.contextLength,
      parallel: config.engine.parallel,
      gpu: config.engine.gpu,
      idleMilliseconds: config.engine.idleMinutes * 60_000,
      keepOnlyLast: config.engine.keepOnlyLast,
      ...(config.engine.threads === undefined ? {} : { threads: config.engine.threads }),
    }),
  );

  const clock = (): Date => new Date();
  const chat = createChatService({
    registry,
    pool,
    conversations: createKyselyConversationStore(conversations),
    openToolset: (caller, request, signal) => openToolset(mcp, request.integrations, caller.decide, signal),
    samplingOf: (model) => samplingOf(config, model),
    limits: { rounds: config.limits.toolRounds, toolCalls: config.limits.toolCalls },
    logger,
    createResponseId: () => `resp_${randomBytes(24).toString('hex')}`,
    createCallId: () => `call_${randomBytes(12).toString('hex')}`,
    clock,
  });

  const stopping = new AbortController();
  const { bodyBytes: bodyLimit } = config.limits;
  const app = createApp({
    auth,
    meter,
    anonymous: config.auth ? undefined : anonymousPrincipal(ANONYMOUS_GRANT, 'anonymous'),
    routes: createRoutes({
      can: createCanHandler(registry.resolve, bodyLimit),
      chat: createChatHandler(chat, bodyLimit),
      chatCompletions: createChatCompletionsHandler({
        chat,
        bodyLimit,
        createId: () => randomBytes(12).toString('hex'),
        clock,
      }),
      models: createModelHandlers(registry, pool),
      tokens: createTokenHandlers(auth, bodyLimit),
      whoami: createWhoamiHandler(meter),
    }),
    logger,
    createId: randomUUID,
    stopping: stopping.signal,
    allowedHosts: [config.host, ...config.allowedHosts],
    allowedOrigins: config.allowedOrigins,
  });

  const http = createHttpServer({ requestTimeout: 300_000, headersTimeout: 20_000 }, app.callback());
  const url = await listen(http, config.host, config.port);
  const retract = announceServer(folder, { url, pid: process.pid });
  const owned = opened.move();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const deadline = setTimeout(
      () => stopping.abort(new ServerError('SHUTTING_DOWN', 'The server is shutting down.')),
      config.limits.shutdownSeconds * 1000,
    );
    // Streams that were cut get a moment to say so; then the connections go, whatever they do.
    const lastResort = setTimeout(() => http.closeAllConnections(), config.limits.shutdownSeconds * 1000 + 2000);
    retract();
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
  return { url, auth, close: closeOnce, [Symbol.asyncDispose]: closeOnce };
}

function refuseOpenNetwork({ host, auth, allowUnauthenticatedNetwork }: ServerConfig): void {
  if (auth || allowUnauthenticatedNetwork || isLoopback(host)) return;
  throw new ServerError(
    'INVALID_REQUEST',
    `Refusing to listen on ${host} without authentication: everybody who reaches that address could use this server. ` +
      'Leave authentication on, listen on 127.0.0.1, or add --allow-unauthenticated-network if you mean it.',
    { param: 'host' },
  );
}

/** A tool that reports its progress may take longer than one that is silent, but not for ever. */
const toolLimits = ({ limits: { toolSeconds } }: ServerConfig) => ({
  callTimeoutMs: toolSeconds * 1000,
  callTotalTimeoutMs: toolSeconds * 5000,
});

function samplingOf({ sampling }: ServerConfig, model: string): Sampling {
  const settings = (Object.hasOwn(sampling, model) ? sampling[model] : sampling['*']) ?? {};
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
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
