import type { AuditLog } from '@latchkey/auth-core';
import type { AccessTokens, SigningKeys } from '@latchkey/auth-core/jwt';
import type { Auth, Meter } from '@latchkey/auth-core/llm';
import type { McpHost, McpLogins } from '@latchkey/mcp-bridge';
import type { Approvals } from './approvals/open-approvals.ts';
import type { AuditTrail } from './audit/audit-trail.ts';
import type { ChatService } from './chat/chat-service.ts';
import type { PromptCounter, PromptReader } from './chat/count-prompt.ts';
import type { DecideService } from './chat/decide-service.ts';
import type { EmbedService } from './chat/embed-service.ts';
import { searchAbove } from './chat/limits.ts';
import type { LoadService } from './chat/load-service.ts';
import { chargeCall } from './chat/spend.ts';
import type { ServerConfig } from './config/schema.ts';
import { VERSION } from './config/version.ts';
import type { ChatDialect } from './contracts/chat-dialect.ts';
import type { ParsedChoices } from './contracts/choices.ts';
import type { ConversationStore } from './contracts/conversation-store.ts';
import type { DecisionsDialect } from './contracts/decisions.ts';
import type { EmbeddingsDialect } from './contracts/embeddings.ts';
import { parseCount as parseAnthropicCount } from './dialects/anthropic/parse.ts';
import type { FindInstance } from './dialects/lmstudio-sdk/render.ts';
import { createV0Chat, createV0Completions, type FindServed } from './dialects/openai/lmstudio-v0.ts';
import { responsesDialect } from './dialects/responses/index.ts';
import { parseCount as parseResponsesCount } from './dialects/responses/parse.ts';
import type { Downloads } from './downloads/downloads.ts';
import { BackgroundRuns } from './http/background-runs.ts';
import { createApprovalHandlers } from './http/handlers/approvals.ts';
import { createAuditHandler } from './http/handlers/audit.ts';
import {
  type AuthorizationServerOptions,
  createAuthorizationServerHandlers,
} from './http/handlers/authorization-server.ts';
import { createCanHandler } from './http/handlers/can.ts';
import { type ChatHandlerOptions, createChatHandler } from './http/handlers/chat.ts';
import { createCompletionsHandler } from './http/handlers/completions.ts';
import { createConsoleHandler } from './http/handlers/console.ts';
import { createCountTokensHandler } from './http/handlers/count-tokens.ts';
import { createDecisionsHandler } from './http/handlers/decisions.ts';
import { createEmbeddingsHandler } from './http/handlers/embeddings.ts';
import { createErasureHandler, type ErasureOptions } from './http/handlers/erasures.ts';
import { createHealthHandler, type ProveServer } from './http/handlers/health.ts';
import { createImportTokensHandler } from './http/handlers/import-tokens.ts';
import { createKeyHandlers } from './http/handlers/keys.ts';
import { createLabelStudioTokenHandlers } from './http/handlers/label-studio-tokens.ts';
import { createLmstudioStatusHandlers } from './http/handlers/lmstudio-status.ts';
import { createManualHandler } from './http/handlers/manual.ts';
import { createMcpHandler } from './http/handlers/mcp.ts';
import { createMcpLoginHandlers } from './http/handlers/mcp-logins.ts';
import { createMcpPinHandlers } from './http/handlers/mcp-pins.ts';
import { createMcpServerHandlers } from './http/handlers/mcp-servers.ts';
import { createMetricsHandler } from './http/handlers/metrics.ts';
import { createModelFileHandlers } from './http/handlers/model-files.ts';
import { createModelInstanceHandlers } from './http/handlers/model-instances.ts';
import { createModelHandlers } from './http/handlers/models.ts';
import { createOAuthHandlers } from './http/handlers/oauth.ts';
import { createOllamaHandlers } from './http/handlers/ollama.ts';
import { createOllamaModelHandlers } from './http/handlers/ollama-models.ts';
import { createOpenaiResponseHandlers } from './http/handlers/openai-responses.ts';
import { createOpenidHandlers } from './http/handlers/openid.ts';
import { createOperatorHandler, type OperatorDoor } from './http/handlers/operator.ts';
import { createProtectedResourceHandler } from './http/handlers/protected-resource.ts';
import { createReadyHandler } from './http/handlers/ready.ts';
import { createResponseHandlers } from './http/handlers/responses.ts';
import { createSdkHandlers } from './http/handlers/sdk.ts';
import { createSessionHandlers } from './http/handlers/sessions.ts';
import { createSettingsHandlers } from './http/handlers/settings.ts';
import { createTokenDoctorHandler, type TokenDoctorSources } from './http/handlers/token-doctor.ts';
import { createTokenHandlers, type ReviewGrant } from './http/handlers/tokens.ts';
import { createUsageHandler, type UsageHandlerOptions } from './http/handlers/usage.ts';
import { createWhoamiHandlers } from './http/handlers/whoami.ts';
import type { ModelCatalog } from './models/model-catalog.ts';
import type { ModelPool } from './models/model-pool.ts';
import type { Openid } from './openid/open-openid.ts';
import type { ConsoleSessions } from './sessions/console-sessions.ts';
import { createSessionLinks } from './sessions/session-links.ts';
import type { LiveSettings } from './settings/live-settings.ts';
import type { EarlierKeys } from './state/earlier-keys.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { searchServedTools } from './tool-search/search-served-tools.ts';
import { askApprovalFor } from './tools/ask-approval.ts';
import { explainApprovalFor } from './tools/explain-approval.ts';
import { findDefinition } from './tools/find-definition.ts';
import { hostFor } from './tools/host-for.ts';
import { listServers, readServerOutput } from './tools/list-servers.ts';
import { offerTools } from './tools/offer-tools.ts';
import { clientDocumentOf } from './tools/open-logins.ts';
import { approvePins, reviewPins } from './tools/review-pins.ts';
import { serveTools } from './tools/served-tools.ts';
import { createServerLogins } from './tools/server-logins.ts';
import type { TaintRules } from './tools/taint.ts';

/** The parts that the endpoints use; a server has one of each. */
export interface HandlerParts {
  readonly auth: Auth;
  readonly earlier: EarlierKeys;
  readonly access: AccessTokens;
  readonly keys: SigningKeys;
  readonly meter: Meter;
  readonly log: AuditLog;
  readonly metrics: Metrics;
  /** Lists what looks like a mistake in a grant. */
  readonly reviewGrant: ReviewGrant;
  /** Rejects when the database does not answer. */
  readonly reachDatabase: () => Promise<unknown>;
  /** Rejects when the disk of the data folder is full. */
  readonly findRoom: () => Promise<unknown>;
  /** Proves the identity of this server to callers. */
  readonly prove: ProveServer;
  readonly trail: AuditTrail;
  readonly settings: LiveSettings;
  readonly sessions: ConsoleSessions;
  /** Signing in with accounts of elsewhere; absent where none are configured. */
  readonly openid: Openid | undefined;
  /** The reverse proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[];
  readonly basicAuthentication: boolean;
  readonly host: McpHost;
  /** The logins at MCP servers. */
  readonly logins: McpLogins;
  /** Why the current mcp.json was rejected; null when it is in use. */
  readonly mcpJsonProblem: () => string | null;
  /** The tools that the MCP servers have listed, running or not. */
  readonly knownTools: TokenDoctorSources['knownTools'];
  readonly approvals: Approvals;
  readonly chat: ChatService;
  readonly countPrompt: PromptCounter;
  readonly readPrompt: PromptReader;
  readonly embed: EmbedService;
  readonly decide: DecideService;
  readonly load: LoadService;
  readonly conversations: ConversationStore;
  /** How long a stored response is kept that no newer one continues. */
  readonly responseDays: number;
  readonly catalog: ModelCatalog;
  readonly pool: ModelPool;
  readonly downloads: Downloads;
  readonly usage: Omit<UsageHandlerOptions, 'auth'>;
  readonly erasure: Omit<ErasureOptions, 'auth'>;
  /** Absent where there is no data folder. */
  readonly operator: OperatorDoor | undefined;
  /** The name by which this installation recognises its own requests. */
  readonly installation: string;
  readonly taint: TaintRules;
  /** The most calls in one request to `/mcp`. */
  readonly toolCalls: number;
  readonly toolSearchAbove?: number;
  readonly publicUrl: string | undefined;
  readonly authorizationServers: readonly string[];
  /** What this server is the authorization server of `/mcp` with; absent where it is not. */
  readonly authorization?: Pick<AuthorizationServerOptions, 'issuer' | 'connections' | 'registered' | 'documents'>;
  readonly completions: Pick<ChatHandlerOptions, 'createId' | 'clock' | 'sealFor'>;
  readonly prices: ServerConfig['prices'];
  readonly clock: () => Date;
}

/** Creates the handlers of all endpoints. */
export function createHandlers(parts: HandlerParts) {
  const { auth, access, meter, trail, settings, host, approvals, chat, catalog, pool, clock } = parts;
  const switches = settings.current;
  const logins = createServerLogins({ host, logins: parts.logins, switches, record: trail.record });
  const { sealFor } = parts.completions;
  const runs = new BackgroundRuns();
  const chats = { chat, runs, keepAnswer: parts.conversations.keepAnswer, ...parts.completions };
  const responses = createResponseHandlers({ ...parts, runs });
  const findInstance: FindInstance = (name) => {
    const instances = pool.loaded();
    const instance = instances.find(({ id }) => id === name) ?? instances.find(({ key }) => key === name);
    const model = instance === undefined ? undefined : pool.opened(instance.id);
    if (model === undefined || instance === undefined) return undefined;
    return { model, instance, idleMilliseconds: pool.idleLeft(instance.id) ?? 0 };
  };
  const findServed: FindServed = (key) => {
    const found = findInstance(key);
    if (found === undefined || found.model.description instanceof Error) return undefined;
    const { architecture: arch, quantization: quant, format } = found.model.description;
    return { arch, quant, format, contextLength: found.instance.contextLength };
  };
  const authorizationServer = createAuthorizationServerHandlers(
    parts.authorization && {
      ...parts.authorization,
      auth,
      access,
      meter,
      clock,
      offer: ({ principal, decide, signal }) =>
        offerTools(
          { host: hostFor(host, principal), decide, switches, toolLabels: parts.taint.toolLabels, signal },
          principal,
        ),
    },
  );
  return {
    approvals: createApprovalHandlers(approvals.desk, trail),
    audit: createAuditHandler(parts.log),
    authorizationServer,
    can: createCanHandler(catalog.resolve, findDefinition({ host, switches })),
    chat: (dialect: ChatDialect) => createChatHandler(chats, dialect),
    console: createConsoleHandler(),
    manual: createManualHandler(),
    countTokens: createCountTokensHandler(parts.countPrompt, sealFor, {
      parse: parseAnthropicCount,
      render: (tokens) => ({ input_tokens: tokens }),
    }),
    inputTokens: createCountTokensHandler(parts.countPrompt, sealFor, {
      parse: parseResponsesCount,
      render: (tokens) => ({ object: 'response.input_tokens', input_tokens: tokens }),
    }),
    completions: (parse: (body: unknown) => ParsedChoices) => createCompletionsHandler(chats, parse),
    decisions: (dialect: DecisionsDialect) => createDecisionsHandler(parts.decide, dialect),
    embeddings: (dialect: EmbeddingsDialect) => createEmbeddingsHandler(parts.embed, dialect),
    erasures: createErasureHandler({ auth, ...parts.erasure }),
    health: createHealthHandler(parts.prove),
    operator: createOperatorHandler(parts.operator),
    ready: createReadyHandler(
      { database: parts.reachDatabase, auditLog: () => parts.log.check(), disk: parts.findRoom },
      clock,
    ),
    keys: createKeyHandlers(access, parts.keys),
    labelStudioTokens: createLabelStudioTokenHandlers(auth, access, meter),
    mcp: createMcpHandler({
      serveTools: ({ principal, decide, money }, toolSearch) => {
        const served = serveTools({
          host: hostFor(host, principal),
          decide,
          explain: explainApprovalFor(auth, principal),
          switches,
          audit: trail.tools(principal),
          ask: askApprovalFor(approvals.pending, principal),
          counter: meter,
          taint: parts.taint,
          toolCalls: parts.toolCalls,
          pay: async (server, tool) => {
            const cost = parts.usage.prices?.ofTool(server, tool) ?? 0;
            return { cost, ...(await chargeCall(cost, money)) };
          },
          recordUsage: (counts) =>
            parts.usage.recorder.record({
              rootId: principal.rootId,
              project: principal.project ?? null,
              model: 'mcp',
              inputTokens: 0,
              outputTokens: 0,
              ...counts,
            }),
        });
        return searchServedTools(
          served,
          searchAbove(decide({ action: 'chat' }, []), toolSearch, parts.toolSearchAbove),
        );
      },
      installation: parts.installation,
    }),
    mcpLogins: createMcpLoginHandlers(logins, clientDocumentOf(parts.publicUrl)),
    mcpPins: createMcpPinHandlers(
      {
        review: (label, caller) => reviewPins(host, label, { ...caller, switches }),
        approve: (label, choices, caller) => approvePins(host, label, choices, { ...caller, switches }),
      },
      trail,
    ),
    mcpServers: createMcpServerHandlers({
      list: ({ principal, ...caller }) =>
        listServers({
          ...caller,
          host: hostFor(host, principal),
          switches,
          toolLabels: parts.taint.toolLabels,
          loginAt: (id) => logins.listed(id, principal.owner),
        }),
      problem: parts.mcpJsonProblem,
      warnings: host.warnings,
      output: (label) => readServerOutput(host, label),
    }),
    metrics: createMetricsHandler(parts.metrics, () => pool.loaded()),
    modelFiles: createModelFileHandlers(parts),
    modelInstances: createModelInstanceHandlers(parts.load),
    models: createModelHandlers(catalog, pool),
    oauth: createOAuthHandlers({ auth, access, meter, clock, clients: authorizationServer }),
    openid: createOpenidHandlers(parts),
    ollama: {
      ...createOllamaHandlers({ chats, embed: parts.embed, load: parts.load, catalog }),
      ...createOllamaModelHandlers(catalog, pool, clock),
    },
    openaiResponses: createOpenaiResponseHandlers({
      conversations: parts.conversations,
      chat: createChatHandler(chats, responsesDialect),
      remove: responses.remove,
      runs,
    }),
    protectedResource: createProtectedResourceHandler(parts.publicUrl, parts.authorizationServers),
    responses,
    sdk: createSdkHandlers({
      chats,
      embed: parts.embed,
      countPrompt: parts.countPrompt,
      readPrompt: parts.readPrompt,
      load: parts.load,
      catalog,
      pool,
      find: findInstance,
    }),
    sessions: createSessionHandlers({ ...parts, links: createSessionLinks({ clock }) }),
    settings: createSettingsHandlers(settings),
    tokenDoctor: createTokenDoctorHandler({ auth, log: parts.log, knownTools: parts.knownTools, clock }),
    tokens: createTokenHandlers(auth, parts.reviewGrant, parts.prices, clock),
    importTokens: createImportTokensHandler(auth, parts.earlier),
    /** LM Studio's older API: a dialect, and how it reads completions. */
    v0: { chat: createV0Chat(findServed, VERSION), completions: createV0Completions(findServed, VERSION) },
    lmstudioStatus: createLmstudioStatusHandlers(),
    usage: createUsageHandler({ auth, ...parts.usage }),
    whoami: createWhoamiHandlers(meter, parts.prices?.currency),
  };
}
