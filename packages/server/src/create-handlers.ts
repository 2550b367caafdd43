import type { AuditLog } from '@latchkey/auth-core';
import type { AccessTokens, SigningKeys } from '@latchkey/auth-core/jwt';
import type { Auth, Meter } from '@latchkey/auth-core/llm';
import type { McpHost } from '@latchkey/mcp-bridge';
import type { Approvals } from './approvals/open-approvals.ts';
import type { AuditTrail } from './audit/audit-trail.ts';
import type { ChatService } from './chat/chat-service.ts';
import type { PromptCounter } from './chat/count-prompt.ts';
import type { ChatDialect } from './contracts/chat-dialect.ts';
import type { ConversationStore } from './contracts/conversation-store.ts';
import { createApprovalHandlers } from './http/handlers/approvals.ts';
import { createAuditHandler } from './http/handlers/audit.ts';
import { createCanHandler } from './http/handlers/can.ts';
import { type ChatHandlerOptions, createChatHandler } from './http/handlers/chat.ts';
import { createCountTokensHandler } from './http/handlers/count-tokens.ts';
import { createHealthHandler, type ProveServer } from './http/handlers/health.ts';
import { createKeyHandlers } from './http/handlers/keys.ts';
import { createLabelStudioTokenHandlers } from './http/handlers/label-studio-tokens.ts';
import { createMcpHandler } from './http/handlers/mcp.ts';
import { createMcpPinHandlers } from './http/handlers/mcp-pins.ts';
import { createMcpServerHandlers } from './http/handlers/mcp-servers.ts';
import { createMetricsHandler } from './http/handlers/metrics.ts';
import { createModelHandlers } from './http/handlers/models.ts';
import { createOAuthHandlers } from './http/handlers/oauth.ts';
import { createProtectedResourceHandler } from './http/handlers/protected-resource.ts';
import { createReadyHandler } from './http/handlers/ready.ts';
import { createResponseHandlers } from './http/handlers/responses.ts';
import { createSettingsHandlers } from './http/handlers/settings.ts';
import { createTokenHandlers, type ReviewGrant } from './http/handlers/tokens.ts';
import { createUsageHandler, type UsageHandlerOptions } from './http/handlers/usage.ts';
import { createWhoamiHandlers } from './http/handlers/whoami.ts';
import type { ModelCatalog } from './models/model-catalog.ts';
import type { ModelPool } from './models/model-pool.ts';
import type { LiveSettings } from './settings/live-settings.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { findArgumentNames } from './tools/argument-names.ts';
import { askApprovalFor } from './tools/ask-approval.ts';
import { listServers, readServerOutput } from './tools/list-servers.ts';
import { approvePins, reviewPins } from './tools/review-pins.ts';
import { serveTools } from './tools/served-tools.ts';
import type { TaintRules } from './tools/taint.ts';

/** The parts that the endpoints use; a server has one of each. */
export interface HandlerParts {
  readonly auth: Auth;
  readonly access: AccessTokens;
  readonly keys: SigningKeys;
  readonly meter: Meter;
  readonly log: AuditLog;
  readonly metrics: Metrics;
  /** Lists what looks like a mistake in a grant. */
  readonly reviewGrant: ReviewGrant;
  /** Rejects when the database does not answer. */
  readonly reachDatabase: () => Promise<unknown>;
  /** Proves the identity of this server to callers. */
  readonly prove: ProveServer;
  readonly trail: AuditTrail;
  readonly settings: LiveSettings;
  readonly host: McpHost;
  /** Why the current mcp.json was rejected; null when it is in use. */
  readonly mcpJsonProblem: () => string | null;
  readonly approvals: Approvals;
  readonly chat: ChatService;
  readonly countPrompt: PromptCounter;
  readonly conversations: ConversationStore;
  readonly catalog: ModelCatalog;
  readonly pool: ModelPool;
  readonly usage: Omit<UsageHandlerOptions, 'auth'>;
  /** The name by which this installation recognises its own requests. */
  readonly installation: string;
  readonly taint: TaintRules;
  /** The most calls in one request to `/mcp`. */
  readonly toolCalls: number;
  readonly publicUrl: string | undefined;
  readonly authorizationServers: readonly string[];
  readonly completions: Pick<ChatHandlerOptions, 'createId' | 'clock'>;
  readonly clock: () => Date;
}

/** Creates the handlers of all endpoints. */
export function createHandlers(parts: HandlerParts) {
  const { auth, access, meter, trail, settings, host, approvals, chat, catalog, pool, clock } = parts;
  const switches = settings.current;
  const chats = { chat, ...parts.completions };
  return {
    approvals: createApprovalHandlers(approvals.desk, trail),
    audit: createAuditHandler(parts.log),
    can: createCanHandler(catalog.resolve, findArgumentNames({ host, switches })),
    chat: (dialect: ChatDialect) => createChatHandler(chats, dialect),
    countTokens: createCountTokensHandler(parts.countPrompt),
    health: createHealthHandler(parts.prove),
    ready: createReadyHandler({ database: parts.reachDatabase, auditLog: () => parts.log.check() }, clock),
    keys: createKeyHandlers(access, parts.keys),
    labelStudioTokens: createLabelStudioTokenHandlers(auth, access, meter),
    mcp: createMcpHandler({
      serveTools: ({ principal, decide }) =>
        serveTools({
          host,
          decide,
          switches,
          audit: trail.tools(principal),
          ask: askApprovalFor(approvals.pending, principal),
          taint: parts.taint,
          toolCalls: parts.toolCalls,
          recordUsage: (counts) =>
            parts.usage.recorder.record({
              rootId: principal.rootId,
              project: principal.project ?? null,
              model: 'mcp',
              inputTokens: 0,
              outputTokens: 0,
              ...counts,
            }),
        }),
      installation: parts.installation,
    }),
    mcpPins: createMcpPinHandlers(
      {
        review: (label, caller) => reviewPins(host, label, { ...caller, switches }),
        approve: (label, choices, caller) => approvePins(host, label, choices, { ...caller, switches }),
      },
      trail,
    ),
    mcpServers: createMcpServerHandlers({
      list: (caller) => listServers({ ...caller, host, switches, toolLabels: parts.taint.toolLabels }),
      problem: parts.mcpJsonProblem,
      warnings: host.warnings,
      output: (label) => readServerOutput(host, label),
    }),
    metrics: createMetricsHandler(parts.metrics, () => pool.loaded()),
    models: createModelHandlers(catalog, pool),
    oauth: createOAuthHandlers({ auth, access, meter, clock }),
    protectedResource: createProtectedResourceHandler(parts.publicUrl, parts.authorizationServers),
    responses: createResponseHandlers({ conversations: parts.conversations, auth, trail }),
    settings: createSettingsHandlers(settings),
    tokens: createTokenHandlers(auth, parts.reviewGrant, clock),
    usage: createUsageHandler({ auth, ...parts.usage }),
    whoami: createWhoamiHandlers(meter),
  };
}
