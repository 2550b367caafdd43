import { randomBytes, randomUUID } from 'node:crypto';
import { type AuditLog, anonymousPrincipal, type Clock, createAuditLog, createMeter } from '@latchkey/auth-core';
import { type Auth, type Grant, type GrantWarning, llm, reviewGrant } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import type { InferenceEngine, Sampling } from '@latchkey/engine';
import { excessOf, type McpHost } from '@latchkey/mcp-bridge';
import { type Approvals, openApprovals } from './approvals/open-approvals.ts';
import { toExpiry } from './approvals/sweep.ts';
import { createAuditTrail, withAuditedLogins } from './audit/audit-trail.ts';
import { createChatService } from './chat/chat-service.ts';
import { createPromptCounter } from './chat/count-prompt.ts';
import type { ChatServiceOptions } from './chat/prepare-chat.ts';
import type { ServerConfig } from './config/schema.ts';
import { withoutAbsent } from './config/without-absent.ts';
import { createHandlers } from './create-handlers.ts';
import type { AppOptions } from './http/app.ts';
import type { ChatRoute } from './http/chat-route.ts';
import type { ProveServer } from './http/handlers/health.ts';
import { belowPublicUrl, RESOURCE_METADATA_PATH } from './http/handlers/protected-resource.ts';
import type { Route } from './http/route.ts';
import { createKeyedRequests } from './idempotency/keyed-requests.ts';
import { createModelCatalog, type ModelCatalog } from './models/model-catalog.ts';
import { ModelPool } from './models/model-pool.ts';
import { createRoutes } from './routes.ts';
import { requiresToken, toAuthSettings } from './settings/installation-settings.ts';
import { createLiveSettings } from './settings/live-settings.ts';
import { withFreshSettings } from './settings/with-fresh-settings.ts';
import { hasEndedIn } from './state/has-ended.ts';
import { openTokens } from './state/open-tokens.ts';
import type { Stores } from './state/stores.ts';
import type { Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createChatTools } from './tools/chat-tools.ts';
import { createUsageRecorder } from './usage/usage-recorder.ts';

/** The parts of a server: everything that differs between a listening server and one in a test. */
export interface ServerParts {
  readonly config: ServerConfig;
  readonly stores: Stores;
  readonly engines: readonly InferenceEngine[];
  /** Chat APIs in addition to the server's own. */
  readonly dialects: readonly ChatRoute[];
  /** The MCP servers. */
  readonly host: McpHost;
  /** Why the current mcp.json was rejected; null when it is in use. */
  readonly mcpJsonProblem: () => string | null;
  /** The key for digests, encryption and signatures. */
  readonly secret: Uint8Array;
  /** The name by which this installation recognises its own requests. */
  readonly installation: string;
  /** Why authentication must stay on; undefined when it may be switched off. */
  readonly refusesToBeOpen: string | undefined;
  /** What callers without a token may do while authentication is off. */
  readonly anonymous: Grant;
  /** Proves the identity of this server to callers. */
  readonly prove: ProveServer;
  /** Wraps the `Auth` before any other part of the server gets it. */
  readonly withAuth: (auth: Auth) => Auth;
  readonly logger: Logger;
  readonly clocks: ServerClocks;
  readonly ids: ServerIds;
  /** Fires when the requests that are still running must end. */
  readonly stopping: AbortSignal;
  /** How long a stream of LM Studio's API waits for a model before it begins. */
  readonly patienceMilliseconds?: number;
}

export interface ServerClocks {
  /** For the expiry of tokens, approvals and settings. */
  readonly now: Clock;
  /** For the expiry of request keys and their answers. */
  readonly keys: Clock;
  /** For the dates of usage and answers. */
  readonly calendar: Clock;
}

/** Creates ids; each call returns a new one. */
export interface ServerIds {
  readonly request: () => string;
  readonly audited: () => string;
  readonly response: () => string;
  readonly call: () => string;
  readonly completion: () => string;
}

export const RANDOM_IDS: ServerIds = {
  request: randomUUID,
  audited: randomUUID,
  response: () => `resp_${randomBytes(24).toString('hex')}`,
  call: () => `call_${randomBytes(12).toString('hex')}`,
  completion: () => randomBytes(12).toString('hex'),
};

/** A server that is assembled and not listening yet. */
export interface Composition {
  readonly auth: Auth;
  readonly log: AuditLog;
  readonly approvals: Approvals;
  readonly catalog: ModelCatalog;
  /** All endpoints. */
  readonly routes: readonly Route[];
  /** The options for `createApp`. */
  readonly app: AppOptions;
  /** Warnings about the policy of the configuration. */
  reviewPolicy(): Promise<readonly GrantWarning[]>;
}

/**
 * Assembles a server: the one place where its parts meet. Everything that must be closed is added to `opened`.
 *
 * @throws {AuthError} `AUTH_GRANT_INVALID` when the policy is not a valid grant
 */
export async function compose(parts: ServerParts, opened: AsyncDisposableStack): Promise<Composition> {
  const { config, stores, host, secret, installation, logger, ids, stopping } = parts;
  const { now: clock, calendar } = parts.clocks;
  const { authorizationServers } = config.oauth;

  const log = opened.use(
    createAuditLog({
      store: stores.audit,
      key: secret,
      clock,
      onLost: ({ count, cause }) => logger.error({ err: cause, count }, 'entries of the audit log are lost'),
    }),
  );
  const trail = createAuditTrail({ log, kept: config.audit.arguments, createId: ids.audited });
  const settings = await createLiveSettings({
    store: stores.settings,
    authentication: { forcedOff: !config.auth, refusal: parts.refusesToBeOpen },
    clock,
    audit: trail.record,
  });

  const policy = config.policy === undefined ? undefined : llm.parseGrant(config.policy, { patterns: re2jsPatterns });
  const tokens = openTokens({
    store: stores.tokens,
    signingKeys: stores.signingKeys,
    secret,
    issuer: config.publicUrl ?? installation,
    settings: () => toAuthSettings(settings.current()),
    audit: trail.record,
    ...(policy === undefined ? {} : { policy }),
  });
  opened.use(tokens.auth);
  const { access, keys } = tokens;
  const auth = parts.withAuth(withAuditedLogins(withFreshSettings(tokens.auth, settings), trail));
  const meter = opened.use(createMeter({ vocabulary: llm, store: stores.limits }));

  const approvals = opened.use(
    openApprovals(stores.approvals, {
      clock,
      seconds: config.limits.approvalSeconds,
      onExpired: (approval, why) => log.note(toExpiry(approval, why)),
      hasEnded: hasEndedIn(stores.tokens, clock),
      digest: ({ decision, arguments: args = {} }) => log.digest({ decision, args }),
    }),
  );
  const catalog = createModelCatalog(parts.engines, config.aliases);
  const metrics = createMetrics();
  const pool = opened.use(new ModelPool({ catalog, logger, onTurn: metrics.turn, ...poolOptions(config) }));
  const recorder = opened.use(
    createUsageRecorder({ store: stores.usage, clock: calendar, logger, onRecord: metrics.use }),
  );
  const chatOptions: ChatServiceOptions = {
    catalog,
    pool,
    conversations: stores.conversations,
    openToolset: createChatTools({
      host,
      switches: settings.current,
      audit: trail.tools,
      pending: approvals.pending,
      taint: config,
    }),
    samplingOf: (model) => samplingOf(config, model),
    limits: { rounds: config.limits.toolRounds, toolCalls: config.limits.toolCalls },
    recordUsage: recorder.record,
    logger,
    createResponseId: ids.response,
    createCallId: ids.call,
    clock: calendar,
    schemaExcess: excessOf,
    ...withoutAbsent({ patienceMilliseconds: parts.patienceMilliseconds }),
  };
  const chat = createChatService(chatOptions);
  const keyedRequests = opened.use(
    createKeyedRequests({
      store: stores.keyedRequests,
      secret,
      clock: parts.clocks.keys,
      hours: config.retention.idempotencyHours,
      onLost: (cause) => logger.error({ err: cause }, 'the answer to a request with a key could not be kept'),
    }),
  );

  // The real paths of folders are not shown to callers.
  const review = async (grant: Grant): Promise<readonly GrantWarning[]> =>
    reviewGrant(grant, {
      now: clock(),
      actions: routes.flatMap(({ access }) => (access === 'public' || access === 'authenticated' ? [] : [access])),
      models: (await catalog.list()).flatMap(({ key, names }) => [key, ...names]),
      servers: host.servers().map(({ id }) => id),
    });
  const routes: readonly Route[] = createRoutes(
    createHandlers({
      auth,
      access,
      keys,
      meter,
      log,
      metrics,
      reachDatabase: () => stores.settings.read(),
      reviewGrant: review,
      prove: parts.prove,
      trail,
      settings,
      host,
      mcpJsonProblem: parts.mcpJsonProblem,
      approvals,
      chat,
      countPrompt: createPromptCounter(chatOptions),
      conversations: stores.conversations,
      catalog,
      pool,
      usage: { store: stores.usage, recorder, clock: calendar },
      installation,
      taint: config,
      toolCalls: config.limits.toolCalls,
      publicUrl: config.publicUrl,
      authorizationServers,
      completions: { createId: ids.completion, clock: calendar },
      clock,
    }),
    { chatBodyBytes: config.limits.bodyBytes, dialects: parts.dialects },
  );
  const { publicUrl } = config;
  const app: AppOptions = {
    auth,
    meter,
    metrics,
    trail,
    keyedRequests,
    anonymous: anonymousPrincipal(llm, parts.anonymous, 'anonymous', policy),
    requiresAuthentication: async () => requiresToken(await settings.fresh()),
    routes,
    logger,
    createId: ids.request,
    stopping,
    allowedHosts: [config.host, ...config.allowedHosts],
    allowedOrigins: config.allowedOrigins,
    ...(authorizationServers.length === 0 || publicUrl === undefined
      ? {}
      : { resourceMetadata: belowPublicUrl(publicUrl, RESOURCE_METADATA_PATH) }),
    basicAuthentication: config.basicAuthentication,
    trustedProxies: config.trustedProxies,
  };
  const reviewPolicy = async (): Promise<readonly GrantWarning[]> => (policy === undefined ? [] : review(policy));
  return { auth, log, approvals, catalog, routes, app, reviewPolicy };
}

const poolOptions = ({ engine }: ServerConfig) => ({
  contextLength: engine.contextLength,
  parallel: engine.parallel,
  queue: engine.queue,
  idleMilliseconds: engine.idleMinutes * 60_000,
  keepOnlyLast: engine.keepOnlyLast,
  ...withoutAbsent({ maxContextLength: engine.maxContextLength }),
});

function samplingOf({ sampling }: ServerConfig, model: string): Sampling {
  return withoutAbsent((Object.hasOwn(sampling, model) ? sampling[model] : sampling['*']) ?? {});
}
