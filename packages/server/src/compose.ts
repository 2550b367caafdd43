import { randomBytes, randomUUID } from 'node:crypto';
import { type AuditLog, anonymousPrincipal, type Clock, createAuditLog, createMeter } from '@latchkey/auth-core';
import type { SigningKeys } from '@latchkey/auth-core/jwt';
import { type Auth, type Grant, type GrantWarning, llm, reviewGrant } from '@latchkey/auth-core/llm';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import type { InferenceEngine } from '@latchkey/engine';
import { excessOf, type McpHost, type McpLogins, resolveBySystem } from '@latchkey/mcp-bridge';
import { type Approvals, openApprovals } from './approvals/open-approvals.ts';
import { toExpiry } from './approvals/sweep.ts';
import { tellWaiting } from './approvals/tell-waiting.ts';
import { createAuditTrail, withAuditedLogins } from './audit/audit-trail.ts';
import { keepPersonsApart } from './audit/persons-apart.ts';
import { createChatService } from './chat/chat-service.ts';
import { createPromptCounter, createPromptReader } from './chat/count-prompt.ts';
import { createDecideService } from './chat/decide-service.ts';
import { createEmbedService } from './chat/embed-service.ts';
import { createLoadService } from './chat/load-service.ts';
import type { ChatServiceOptions } from './chat/prepare-chat.ts';
import { modelSettingsOf, samplingOf } from './config/model-settings.ts';
import { formatMoney } from './config/money.ts';
import { belowPublicUrl } from './config/public-url.ts';
import type { ServerConfig } from './config/schema.ts';
import type { WebhookEndpoint } from './config/webhooks.ts';
import { withoutAbsent } from './config/without-absent.ts';
import type { Notify } from './contracts/webhook-event.ts';
import { createHandlers } from './create-handlers.ts';
import type { Downloads } from './downloads/downloads.ts';
import type { AppOptions } from './http/app.ts';
import { createCallerSeals } from './http/caller-seal.ts';
import type { ChatRoute } from './http/chat-route.ts';
import type { ProveServer } from './http/handlers/health.ts';
import type { OperatorDoor } from './http/handlers/operator.ts';
import { RESOURCE_METADATA_PATH } from './http/handlers/protected-resource.ts';
import type { Route } from './http/route.ts';
import { createKeyedRequests } from './idempotency/keyed-requests.ts';
import { readKnownTools } from './mcp-pins/known-tools.ts';
import { createModelCatalog, type ModelCatalog } from './models/model-catalog.ts';
import { ModelPool } from './models/model-pool.ts';
import { createClientDocuments } from './oauth-clients/client-documents.ts';
import { createConnectionSecrets } from './oauth-clients/connection-secrets.ts';
import { type Connections, createConnections } from './oauth-clients/connections.ts';
import { createRegisteredClients } from './oauth-clients/registered-clients.ts';
import type { Accounts } from './openid/accounts.ts';
import { openOpenid } from './openid/open-openid.ts';
import { withBudgets } from './prices/budgets.ts';
import { createPriceList } from './prices/price-list.ts';
import { createRoutes } from './routes.ts';
import { createSdkRoutes } from './sdk-routes.ts';
import { type ConsoleSessions, createConsoleSessions } from './sessions/console-sessions.ts';
import { requiresToken, toAuthSettings } from './settings/installation-settings.ts';
import { createLiveSettings } from './settings/live-settings.ts';
import { withFreshSettings } from './settings/with-fresh-settings.ts';
import type { EarlierHmacKey } from './state/earlier-keys.ts';
import { hasEndedIn } from './state/has-ended.ts';
import { openTokens } from './state/open-tokens.ts';
import type { Secrets } from './state/secrets.ts';
import { requireRoom, type SpareRoom } from './state/spare-room.ts';
import type { Stores } from './state/stores.ts';
import type { Logger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createChatTools } from './tools/chat-tools.ts';
import { createUsageRecorder } from './usage/usage-recorder.ts';
import { sendChecked } from './webhooks/send-message.ts';
import { watchBudgets } from './webhooks/watch-budgets.ts';
import { createEngineLookout } from './webhooks/watch-engines.ts';
import { noticeExpiring } from './webhooks/watch-tokens.ts';
import { openWebhookQueue } from './webhooks/webhook-queue.ts';

/** The parts of a server: everything that differs between a listening server and one in a test. */
export interface ServerParts {
  readonly config: ServerConfig;
  readonly stores: Stores;
  readonly engines: readonly InferenceEngine[];
  /** Chat APIs in addition to the server's own. */
  readonly dialects: readonly ChatRoute[];
  readonly downloads: Downloads;
  /** The MCP servers, and the logins there. */
  readonly host: McpHost;
  readonly logins: McpLogins;
  /** Why the current mcp.json was rejected; null when it is in use. */
  readonly mcpJsonProblem: () => string | null;
  /** The keys for digests, encryption and signatures, and the one that is in use for the longest time. */
  readonly secrets: Secrets;
  /** What an earlier system has hashed its keys with. */
  readonly earlierHmacKey?: EarlierHmacKey;
  readonly oldestSecret: Uint8Array;
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
  /** Where events are sent. */
  readonly webhooks?: readonly WebhookEndpoint[];
  /** The room that is kept for revocations on a full disk; absent where the database is elsewhere. */
  readonly room?: Pick<SpareRoom, 'free' | 'provide'>;
  /** Rejects while the database takes no writes; absent where that is not known. */
  readonly requireWritable?: () => Promise<void>;
  /** What commands on the data folder ask for; absent where there is none. */
  readonly operator?: OperatorDoor;
  /** How long a stream of LM Studio's API waits for a model before it begins. */
  readonly patienceMilliseconds?: number;
  /** Where the secrets are that the configuration names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Reaches the provider of OpenID Connect. */
  readonly fetch: typeof globalThis.fetch;
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
  /** Signs what other servers verify. */
  readonly keys: SigningKeys;
  readonly log: AuditLog;
  readonly approvals: Approvals;
  readonly catalog: ModelCatalog;
  readonly sessions: ConsoleSessions;
  readonly connections: Connections;
  /** The accounts of persons of elsewhere; absent where none are configured. */
  readonly accounts?: Accounts;
  /** All endpoints. */
  readonly routes: readonly Route[];
  /** The endpoints of LM Studio's SDK protocol, which are reached through a websocket. */
  readonly sdkRoutes: readonly Route[];
  /** The options for `createApp`. */
  readonly app: AppOptions;
  /** Notifies operators of tokens that expire soon. */
  noticeExpiring(now: Date): Promise<void>;
  readonly notify: Notify;
  /** Notifies operators of upstream servers that do not answer. */
  lookAtEngines(now: Date): Promise<void>;
  /** Warnings about the policy of the configuration. */
  reviewPolicy(): Promise<readonly GrantWarning[]>;
}

/**
 * Assembles a server: the one place where its parts meet. Everything that must be closed is added to `opened`.
 *
 * @throws {AuthError} `AUTH_GRANT_INVALID` when the policy is not a valid grant
 */
export async function compose(parts: ServerParts, opened: AsyncDisposableStack): Promise<Composition> {
  const { config, stores, host, secrets, installation, logger, ids, stopping, webhooks = [] } = parts;
  const { now: clock, calendar } = parts.clocks;
  const { authorizationServer, privateClientHosts } = config.oauth;
  const ownIssuer = authorizationServer ? config.publicUrl : undefined;
  const authorizationServers = [...(ownIssuer === undefined ? [] : [ownIssuer]), ...config.oauth.authorizationServers];

  const whole = opened.use(
    createAuditLog({
      store: stores.audit,
      key: secrets,
      clock,
      onLost: ({ count, cause }) => logger.error({ err: cause, count }, 'entries of the audit log are lost'),
    }),
  );
  const persons = opened.use(
    keepPersonsApart({
      log: whole,
      persons: stores.persons,
      tokens: stores.tokens,
      apart: config.audit.persons === 'apart',
    }),
  );
  const { log } = persons;
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
    secrets,
    earlierHmacKey: parts.earlierHmacKey,
    issuer: config.publicUrl ?? installation,
    ...(ownIssuer === undefined ? {} : { resource: belowPublicUrl(ownIssuer, '/mcp') }),
    settings: () => toAuthSettings(settings.current()),
    audit: trail.record,
    ...(policy === undefined ? {} : { policy }),
  });
  opened.use(tokens.auth);
  const { access, keys, earlier } = tokens;
  const auth = parts.withAuth(withAuditedLogins(withFreshSettings(tokens.auth, settings), trail));
  const queue = opened.use(
    openWebhookQueue({
      endpoints: webhooks,
      store: stores.deliveries,
      send: sendChecked(config.webhooks.allowPrivateHosts),
      clock,
      logger,
    }),
  );
  const prices = createPriceList(config);
  const counted = withBudgets(opened.use(createMeter({ vocabulary: llm, store: stores.limits })), config);
  const meter =
    webhooks.length === 0
      ? counted
      : watchBudgets(counted, {
          notify: queue.notify,
          clock,
          ...(prices && { formatMoney: (nanos: number) => formatMoney(nanos, prices.currency) }),
        });

  const hasEnded = hasEndedIn(stores.tokens, clock);
  const sessions = createConsoleSessions({
    store: stores.sessions,
    secrets,
    clock,
    audit: trail.record,
    hasEnded,
  });
  const connections = createConnections({
    auth,
    store: stores.connections,
    secrets: createConnectionSecrets(secrets),
    clock,
    audit: trail.record,
    hasEnded,
  });
  const openid = openOpenid(config, { ...parts, auth, store: stores.accounts, clock, audit: trail.record, hasEnded });
  const approvals = opened.use(
    openApprovals(tellWaiting(stores.approvals, queue.notify), {
      clock,
      seconds: config.limits.approvalSeconds,
      onExpired: (approval, why) => log.note(toExpiry(approval, why)),
      hasEnded,
      digest: ({ decision, arguments: args = {} }) => log.digest({ decision, args }),
    }),
  );
  const catalog = createModelCatalog(parts.engines, config.aliases, (id) => pool.keyOf(id));
  const metrics = createMetrics();
  const engineLookout = createEngineLookout(catalog, queue.notify);
  const pool = opened.use(
    new ModelPool({
      catalog,
      isNamed: catalog.isNamed,
      logger,
      onTurn: metrics.turn,
      onHealth: (model, error) => engineLookout.judge(model, error, clock()),
      ...poolOptions(config),
    }),
  );
  const recorder = opened.use(
    createUsageRecorder({ store: stores.usage, clock: calendar, logger, onRecord: metrics.use }),
  );
  const chatOptions: ChatServiceOptions = {
    catalog,
    pool,
    conversations: stores.conversations,
    openToolset: createChatTools({
      auth,
      host,
      switches: settings.current,
      audit: trail.tools,
      pending: approvals.pending,
      counter: meter,
      taint: config,
    }),
    samplingOf: (model) => samplingOf(config.sampling, model),
    limits: { rounds: config.limits.toolRounds, toolCalls: config.limits.toolCalls },
    ...withoutAbsent({ toolSearchAbove: config.toolSearchAbove }),
    recordUsage: recorder.record,
    ...withoutAbsent({ prices }),
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
      secrets,
      oldestSecret: parts.oldestSecret,
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
  const handlers = createHandlers({
    auth,
    earlier,
    access,
    keys,
    meter,
    log,
    metrics,
    reachDatabase: async () => {
      await stores.settings.read();
      await parts.requireWritable?.();
    },
    findRoom: async () => requireRoom(parts.room),
    reviewGrant: review,
    prove: parts.prove,
    operator: parts.operator,
    trail,
    settings,
    sessions,
    openid,
    trustedProxies: config.trustedProxies,
    basicAuthentication: config.basicAuthentication,
    host,
    logins: parts.logins,
    mcpJsonProblem: parts.mcpJsonProblem,
    knownTools: () =>
      readKnownTools(
        stores.pins,
        host.servers().map(({ id }) => id),
      ),
    approvals,
    chat,
    countPrompt: createPromptCounter(chatOptions),
    readPrompt: createPromptReader(chatOptions),
    embed: createEmbedService(chatOptions),
    decide: createDecideService(chatOptions),
    load: createLoadService(chatOptions),
    conversations: stores.conversations,
    responseDays: config.retention.responseDays,
    catalog,
    pool,
    downloads: parts.downloads,
    usage: { store: stores.usage, recorder, clock: calendar, ...withoutAbsent({ prices }) },
    prices: config.prices,
    erasure: { persons, store: stores.erasure, recorder, apart: config.audit.persons === 'apart' },
    installation,
    taint: config,
    toolCalls: config.limits.toolCalls,
    ...withoutAbsent({ toolSearchAbove: config.toolSearchAbove }),
    publicUrl: config.publicUrl,
    authorizationServers,
    ...(ownIssuer !== undefined && {
      authorization: {
        issuer: ownIssuer,
        connections,
        registered: createRegisteredClients(secrets),
        documents: createClientDocuments({ privateHosts: privateClientHosts, resolve: resolveBySystem, clock }),
      },
    }),
    completions: { createId: ids.completion, clock: calendar, sealFor: createCallerSeals(secrets) },
    clock,
  });
  const chatBodyBytes = config.limits.bodyBytes;
  const routes: readonly Route[] = createRoutes(handlers, { chatBodyBytes, dialects: parts.dialects });
  const { publicUrl } = config;
  const app: AppOptions = {
    auth,
    sessions,
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
    makeRoom: () => parts.room?.provide(),
    ...(authorizationServers.length === 0 || publicUrl === undefined
      ? {}
      : { resourceMetadata: belowPublicUrl(publicUrl, RESOURCE_METADATA_PATH) }),
    basicAuthentication: config.basicAuthentication,
    trustedProxies: config.trustedProxies,
  };
  const reviewPolicy = async (): Promise<readonly GrantWarning[]> => (policy === undefined ? [] : review(policy));
  const noticing = {
    notify: queue.notify,
    lookAtEngines: engineLookout.look,
    noticeExpiring: (now: Date) => noticeExpiring(auth, queue.notify, now),
  };
  const sdkRoutes = createSdkRoutes(handlers.sdk, { chatBodyBytes });
  return {
    auth,
    keys,
    log,
    approvals,
    catalog,
    sessions,
    connections,
    ...(openid && { accounts: openid.accounts }),
    routes,
    sdkRoutes,
    app,
    reviewPolicy,
    ...noticing,
  };
}

const poolOptions = ({ engine }: ServerConfig) => ({
  contextLength: engine.contextLength,
  parallel: engine.parallel,
  queue: engine.queue,
  idleMilliseconds: engine.idleMinutes * 60_000,
  keepOnlyLast: engine.keepOnlyLast,
  settingsOf: (key: string) => modelSettingsOf(engine.models, key),
  ...withoutAbsent({ maxContextLength: engine.maxContextLength }),
});
