import {
  type AuditLog,
  type AuditStore,
  anonymousPrincipal,
  createAuditLog,
  createMemoryAuditStore,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  type TokenStore,
} from '@latchkey/auth-core';
import { createMemorySigningKeyStore } from '@latchkey/auth-core/jwt';
import { type Auth, type Grant, llm, reviewGrant } from '@latchkey/auth-core/llm';
import type { InferenceEngine } from '@latchkey/engine';
import type { Turn } from '@latchkey/engine/testing';
import { ScriptedEngine } from '@latchkey/engine/testing';
import type { McpHost } from '@latchkey/mcp-bridge';
import { excessOf } from '@latchkey/mcp-bridge';
import type Koa from 'koa';
import type { Kysely } from 'kysely';
import { type Logger, pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type Approvals, openApprovals } from '../../src/approvals/open-approvals.ts';
import type { ApprovalTables } from '../../src/approvals/schema.ts';
import { toExpiry } from '../../src/approvals/to-expiry.ts';
import { createAuditTrail } from '../../src/audit/audit-trail.ts';
import type { KeptArguments } from '../../src/audit/tool-audit.ts';
import { withAuditedLogins } from '../../src/audit/with-audited-logins.ts';
import { createChatService } from '../../src/chat/chat-service.ts';
import type { ConversationStore } from '../../src/contracts/conversation-store.ts';
import { createHandlers } from '../../src/create-handlers.ts';
import { type AppOptions, createApp } from '../../src/http/app.ts';
import type { Route } from '../../src/http/route.ts';
import { createRoutes } from '../../src/http/routes.ts';
import { openKeyedRequests } from '../../src/idempotency/open-keyed-requests.ts';
import { toKoa } from '../../src/koa-adapter.ts';
import { createKyselyPinStore } from '../../src/mcp-pins/kysely-pin-store.ts';
import { createModelCatalog } from '../../src/models/model-catalog.ts';
import { ModelPool } from '../../src/models/model-pool.ts';
import { requiresToken, toAuthSettings } from '../../src/settings/installation-settings.ts';
import { createLiveSettings } from '../../src/settings/live-settings.ts';
import { withFreshSettings } from '../../src/settings/with-fresh-settings.ts';
import { hasEndedIn } from '../../src/state/has-ended.ts';
import { openTokens } from '../../src/state/open-tokens.ts';
import { createChatTools } from '../../src/tools/chat-tools.ts';
import type { TaintRules } from '../../src/tools/taint.ts';
import type { UsageStore } from '../../src/usage/kysely-usage-store.ts';
import { createUsageRecorder } from '../../src/usage/usage-recorder.ts';
import {
  openApprovalTables,
  openConversations,
  openKeyedRequestTables,
  openPinTables,
  openSettings,
  openUsage,
} from '../scripted/databases.ts';
import { newHost, TAINT_OFF } from '../tools/caller.ts';

/** Who issues the access tokens of test servers. */
export const ISSUER = 'https://latchkey.test';

export interface TestServer {
  readonly app: Koa;
  readonly auth: Auth;
  readonly engine: ScriptedEngine;
  readonly routes: readonly Route[];
  /** Everything that was logged, from `trace` on. */
  readonly log: string[];
  readonly audit: AuditLog;
  readonly approvals: Approvals;
  readonly stop: AbortController;
  /** What another server can share with it. */
  readonly shared: SharedTables;
  issue(grant: unknown, name?: string): Promise<string>;
}

/** What servers of one database share. */
export interface SharedTables {
  readonly conversations: ConversationStore;
  readonly approvalTables: Kysely<ApprovalTables>;
  readonly tokenStore: TokenStore;
}

export interface TestServerOptions {
  /** In place of tables of its own. */
  readonly shares?: Partial<SharedTables>;
  readonly turns?: readonly Turn[];
  /** In place of the scripted one; each of its models is the file at `path`. */
  readonly runs?: InferenceEngine;
  readonly chatBodyBytes?: number;
  /** How long LM Studio's streams wait for a model before they begin. */
  readonly patienceMilliseconds?: number;
  readonly anonymous?: Grant;
  readonly policy?: Grant;
  /** Why the setting requireAuthentication can't be off here. */
  readonly mustNotBeOpen?: string;
  /** Nothing that is used can be written or read. */
  readonly brokenUsage?: boolean;
  /** Where the audit log is kept; in memory by default. */
  readonly auditStore?: AuditStore;
  readonly keptArguments?: KeptArguments;
  /** For how long a tool call waits for a person. */
  readonly approvalSeconds?: number;
  /** Where the tokens are kept; in memory by default. */
  readonly tokenStore?: TokenStore;
  /** How definitions of tools are approved. */
  readonly mcpPins?: 'auto' | 'explicit' | 'off';
  /** Whom the metadata of `/mcp` names. */
  readonly authorizationServers?: readonly string[];
  /** In place of the servers in memory. */
  readonly mcp?: McpHost;
  /** Why the mcp.json as it is now is not taken. */
  readonly mcpJsonProblem?: string;
  /** Off by default. */
  readonly taint?: TaintRules;
  /** By which keys of requests and their answers expire. */
  readonly keyClock?: () => Date;
  readonly app?: Partial<AppOptions>;
}

const broken = () => Promise.reject(new Error('the disk is gone'));
const brokenUsage: UsageStore = { add: broken, rootIds: broken, sum: broken };

/** A logger that keeps its lines. */
export function keepLog(): { readonly logger: Logger; readonly log: string[] } {
  const log: string[] = [];
  return { logger: pino({ level: 'trace', base: null }, { write: (line) => log.push(line) }), log };
}

/**
 * The whole server behind its HTTP, all of it real but the engine: `ibm/granite` and `ibm/other` play `turns`. The
 * MCP servers are `mcp/a`, `mcp/b` and `mcp/dead`.
 */
export async function newServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { turns = [], chatBodyBytes = 100_000, anonymous, taint = TAINT_OFF } = options;
  const { logger, log } = keepLog();
  const engine = new ScriptedEngine(...turns);
  const catalog = createModelCatalog([options.runs ?? engine], { small: 'ibm/granite' });
  const pool = new ModelPool({
    catalog,
    logger,
    contextLength: 1024,
    parallel: 2,
    queue: 8,
    idleMilliseconds: 60_000,
    keepOnlyLast: true,
  });
  onTestFinished(() => pool[Symbol.asyncDispose]());
  const tokenStore = options.shares?.tokenStore ?? options.tokenStore ?? createMemoryTokenStore();
  const secret = new Uint8Array(32).fill(7);
  const audit = createAuditLog({ store: options.auditStore ?? createMemoryAuditStore(), key: secret });
  onTestFinished(() => audit.close());
  // Ids of servers that share tables differ.
  let ids = options.shares === undefined ? 0 : 1000;
  const trail = createAuditTrail({
    log: audit,
    kept: options.keptArguments ?? 'digest',
    createId: () => `audited-${++ids}`,
  });
  const settings = await createLiveSettings({
    store: await openSettings(),
    authentication: { forcedOff: anonymous !== undefined, refusal: options.mustNotBeOpen },
    clock: () => new Date(),
    audit: trail.record,
  });
  const {
    auth: core,
    access,
    keys,
  } = openTokens({
    store: tokenStore,
    signingKeys: createMemorySigningKeyStore(),
    secret,
    audit: trail.record,
    issuer: ISSUER,
    settings: () => toAuthSettings(settings.current()),
    ...(options.policy === undefined ? {} : { policy: options.policy }),
  });
  const auth = withAuditedLogins(withFreshSettings(core, settings), trail);
  const pins = { store: createKyselyPinStore(await openPinTables()), mode: options.mcpPins ?? 'auto' } as const;
  const mcp = options.mcp ?? newHost(undefined, { pins });
  const clock = (): Date => new Date('2026-01-01T00:00:00Z');
  const usage = options.brokenUsage ? brokenUsage : await openUsage();
  const recorder = createUsageRecorder({ store: usage, clock, logger });
  onTestFinished(() => recorder[Symbol.asyncDispose]());
  const approvalTables = options.shares?.approvalTables ?? (await openApprovalTables());
  const approvals = openApprovals(approvalTables, {
    clock: () => new Date(),
    seconds: options.approvalSeconds ?? 60,
    onExpired: (approval, why) => audit.note(toExpiry(approval, why)),
    hasEnded: hasEndedIn(tokenStore, () => new Date()),
    digest: ({ decision, arguments: args = {} }) => audit.digest({ decision, args }),
  });
  onTestFinished(() => approvals[Symbol.asyncDispose]());
  const conversations = options.shares?.conversations ?? (await openConversations());
  const chat = createChatService({
    catalog,
    pool,
    conversations,
    openToolset: createChatTools({
      host: mcp,
      switches: settings.current,
      audit: trail.tools,
      pending: approvals.pending,
      taint,
    }),
    samplingOf: () => ({}),
    schemaExcess: excessOf,
    ...(options.patienceMilliseconds === undefined ? {} : { patienceMilliseconds: options.patienceMilliseconds }),
    limits: { rounds: 4, toolCalls: 8 },
    recordUsage: recorder.record,
    logger,
    createResponseId: () => `resp_${++ids}`,
    createCallId: () => `call_${++ids}`,
    clock,
  });
  const meter = createMeter({ vocabulary: llm, store: createMemoryLimitStore() });
  onTestFinished(() => meter.close());
  const routes = createRoutes(
    createHandlers({
      auth,
      access,
      keys,
      meter,
      log: audit,
      reachDatabase: () => settings.fresh(),
      prove: () => undefined,
      reviewGrant: async (grant) => reviewGrant(grant, { now: new Date(), servers: ['mcp/a', 'mcp/b'] }),
      trail,
      settings,
      host: mcp,
      mcpJsonProblem: () => options.mcpJsonProblem ?? null,
      approvals,
      chat,
      conversations,
      catalog,
      pool,
      usage: { store: usage, recorder, clock },
      installation: 'urn:latchkey:test',
      taint,
      toolCalls: 8,
      publicUrl: ISSUER,
      authorizationServers: options.authorizationServers ?? [],
      completions: { createId: () => String(++ids), clock },
      clock: () => new Date(),
    }),
    { chatBodyBytes },
  );
  const stop = new AbortController();
  const keyedRequests = openKeyedRequests(await openKeyedRequestTables(), {
    secret,
    clock: options.keyClock ?? (() => new Date()),
    hours: 24,
    onLost: (cause) => logger.error({ err: cause }, 'an answer was lost'),
  });
  onTestFinished(() => keyedRequests[Symbol.asyncDispose]());
  const serve = createApp({
    auth,
    meter,
    trail,
    keyedRequests,
    anonymous: anonymousPrincipal(llm, anonymous ?? { actions: ['chat', 'models:read'], models: ['*'] }, 'anonymous'),
    requiresAuthentication: async () => requiresToken(await settings.fresh()),
    routes,
    logger,
    createId: () => `request-${++ids}`,
    stopping: stop.signal,
    allowedHosts: [],
    allowedOrigins: [],
    basicAuthentication: false,
    trustedProxies: [],
    ...options.app,
  });
  const app = toKoa(serve, logger);
  const issue = async (grant: unknown, name = 'test'): Promise<string> =>
    (await auth.issue({ name, grant: grant as Grant }, auth.operator())).token;
  const shared = { conversations, approvalTables, tokenStore };
  return { app, auth, engine, routes, log, audit, approvals, stop, shared, issue };
}
