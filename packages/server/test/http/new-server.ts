import { join } from 'node:path';
import {
  type AuditLog,
  type AuditStore,
  createMemoryAuditStore,
  createMemoryLimitStore,
  createMemoryTokenStore,
  type TokenStore,
} from '@latchkey/auth-core';
import { createMemorySigningKeyStore } from '@latchkey/auth-core/jwt';
import type { Auth, Grant } from '@latchkey/auth-core/llm';
import type { InferenceEngine } from '@latchkey/engine';
import type { Turn } from '@latchkey/engine/testing';
import { ScriptedEngine } from '@latchkey/engine/testing';
import { createMemoryLoginStore, type McpHost, type McpLogins } from '@latchkey/mcp-bridge';
import type { ScriptedMode } from '@latchkey/mcp-bridge/testing';
import type Koa from 'koa';
import { type Logger, pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Approvals } from '../../src/approvals/open-approvals.ts';
import type { KeptArguments } from '../../src/audit/tool-audit.ts';
import { compose } from '../../src/compose.ts';
import { defineConfig } from '../../src/config/define-config.ts';
import type { ServerConfig, ServerConfigInput } from '../../src/config/schema.ts';
import type { WebhookEndpoint } from '../../src/config/webhooks.ts';
import { withoutAbsent } from '../../src/config/without-absent.ts';
import type { DownloadsOptions } from '../../src/downloads/downloads.ts';
import { type App, type AppOptions, createApp } from '../../src/http/app.ts';
import type { Route } from '../../src/http/route.ts';
import { toKoa } from '../../src/koa-adapter.ts';
import { openDatabase } from '../../src/state/database.ts';
import { type Stores, storesOf } from '../../src/state/stores.ts';
import { openLogins } from '../../src/tools/open-logins.ts';
import type { TaintRules } from '../../src/tools/taint.ts';
import type { UsageStore } from '../../src/usage/kysely-usage-store.ts';
import { newDownloads } from '../downloads/new-downloads.ts';
import { temporaryFolder } from '../scripted/temporary-folder.ts';
import { newHost, TAINT_OFF } from '../tools/caller.ts';

/** Who issues the access tokens of test servers. */
export const ISSUER = 'https://latchkey.test';

export interface TestServer {
  readonly app: Koa;
  /** What answers the connections of LM Studio's SDK. */
  readonly sdk: App;
  readonly auth: Auth;
  readonly engine: ScriptedEngine;
  readonly routes: readonly Route[];
  /** Everything that was logged, from `trace` on. */
  readonly log: string[];
  readonly audit: AuditLog;
  readonly approvals: Approvals;
  readonly stop: AbortController;
  /** What another server can share with it. */
  readonly shared: Partial<Stores>;
  issue(grant: unknown, name?: string): Promise<string>;
  /** Ends and forgets connections of OAuth clients, as the server does now and then. */
  sweepConnections(): Promise<void>;
}

export interface TestServerOptions {
  /** In place of stores of its own. */
  readonly shares?: Partial<Stores>;
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
  /** How the server `mcp/a` behaves, which is asked for its tools at each listing then. */
  readonly modes?: readonly ScriptedMode[];
  /** Whom the metadata of `/mcp` names. */
  readonly authorizationServers?: readonly string[];
  /** Whether it is the authorization server of `/mcp` itself. */
  readonly authorizationServer?: boolean;
  /** In place of the servers in memory. */
  readonly mcp?: McpHost;
  /** The logins of its host. */
  readonly logins?: McpLogins;
  /** Why the mcp.json as it is now is not taken. */
  readonly mcpJsonProblem?: string;
  /** Off by default. */
  readonly taint?: TaintRules;
  /** By which keys of requests and their answers expire. */
  readonly keyClock?: () => Date;
  /** In place of downloads that reach no server. */
  readonly downloads?: Partial<DownloadsOptions>;
  /** What models and tools cost, and what owners and projects may spend. */
  readonly money?: Pick<ServerConfigInput, 'prices' | 'budgets'>;
  readonly webhooks?: readonly WebhookEndpoint[];
  /** Who signs in to the console with an account of elsewhere. */
  readonly openid?: ServerConfigInput['openid'];
  /** Where the secrets are that the configuration names. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In place of `https://latchkey.test`. */
  readonly publicUrl?: string;
  readonly app?: Partial<AppOptions>;
}

const broken = () => Promise.reject(new Error('the disk is gone'));
const brokenUsage: UsageStore = { add: broken, rootIds: broken, sum: broken };

/** A logger that keeps its lines. */
export function keepLog(): { readonly logger: Logger; readonly log: string[] } {
  const log: string[] = [];
  return { logger: pino({ level: 'trace', base: null }, { write: (line) => log.push(line) }), log };
}

/** Logins at MCP servers, in memory. */
export const newLogins = (options: Partial<Parameters<typeof openLogins>[1]> = {}): McpLogins =>
  openLogins(ISSUER, {
    store: createMemoryLoginStore(),
    logger: keepLog().logger,
    clock: () => new Date(),
    fetch: (url, init) => globalThis.fetch(url, init),
    ...options,
  });

/**
 * The whole server behind its HTTP, all of it real but the engine: `ibm/granite` and `ibm/other` play `turns`. The
 * MCP servers are `mcp/a`, `mcp/b` and `mcp/dead`.
 */
export async function newServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { anonymous, policy } = options;
  const { logger, log } = keepLog();
  const opened = new AsyncDisposableStack();
  onTestFinished(() => opened.disposeAsync());
  const engine = new ScriptedEngine(...(options.turns ?? []));
  const database = await openDatabase(join(temporaryFolder(), 'test.db'), opened);
  const stores: Stores = {
    ...storesOf(database),
    tokens: options.tokenStore ?? createMemoryTokenStore(),
    signingKeys: createMemorySigningKeyStore(),
    limits: createMemoryLimitStore(),
    audit: options.auditStore ?? createMemoryAuditStore(),
    ...(options.brokenUsage ? { usage: brokenUsage } : {}),
    ...options.shares,
  };
  const defined = defineConfig({
    data: 'unused',
    auth: anonymous === undefined,
    aliases: { small: 'ibm/granite' },
    publicUrl: options.publicUrl ?? ISSUER,
    ...withoutAbsent({ openid: options.openid }),
    basicAuthentication: options.app?.basicAuthentication ?? false,
    oauth: {
      authorizationServers: [...(options.authorizationServers ?? [])],
      authorizationServer: options.authorizationServer ?? false,
    },
    engine: { contextLength: 1024, parallel: 2, queue: 8 },
    limits: {
      toolRounds: 4,
      toolCalls: 8,
      bodyBytes: options.chatBodyBytes ?? 100_000,
      approvalSeconds: options.approvalSeconds ?? 60,
    },
    audit: { arguments: options.keptArguments ?? 'digest' },
    ...(policy === undefined ? {} : { policy: { ...policy } }),
    ...options.money,
  });
  const { taint, taintedCalls, toolLabels } = structuredClone(options.taint ?? TAINT_OFF) as ServerConfig;
  const config: ServerConfig = { ...defined, taint, taintedCalls, toolLabels };
  const now = (): Date => new Date();
  const calendar = (): Date => new Date('2026-01-01T00:00:00Z');
  // Ids of servers that share stores differ.
  let ids = options.shares === undefined ? 0 : 1000;
  const idOf = (kind: string) => () => `${kind}${++ids}`;
  const stop = new AbortController();
  const downloads = opened.use(newDownloads({ logger, ...options.downloads }));
  const composition = await compose(
    {
      config,
      stores,
      engines: [options.runs ?? engine],
      dialects: [],
      downloads,
      host:
        options.mcp ??
        newHost(undefined, {
          pins: { store: stores.pins, mode: options.mcpPins ?? 'auto' },
          ...(options.modes && { modes: options.modes, limits: { listMs: Number.MIN_VALUE } }),
        }),
      logins: options.logins ?? newLogins(),
      mcpJsonProblem: () => options.mcpJsonProblem ?? null,
      secrets: [new Uint8Array(32).fill(7)],
      oldestSecret: new Uint8Array(32).fill(7),
      installation: 'urn:latchkey:test',
      refusesToBeOpen: options.mustNotBeOpen,
      anonymous: anonymous ?? { actions: ['chat', 'models:read'], models: ['*'] },
      prove: () => undefined,
      withAuth: (auth) => auth,
      logger,
      clocks: { now, calendar, keys: options.keyClock ?? now },
      ids: {
        request: idOf('request-'),
        audited: idOf('audited-'),
        response: idOf('resp_'),
        call: idOf('call_'),
        completion: idOf(''),
      },
      stopping: stop.signal,
      ...withoutAbsent({ webhooks: options.webhooks }),
      ...withoutAbsent({ patienceMilliseconds: options.patienceMilliseconds }),
      environment: options.environment ?? {},
      fetch: globalThis.fetch,
    },
    opened,
  );
  const { auth, routes, approvals } = composition;
  const app = toKoa(createApp({ ...composition.app, ...options.app }), logger);
  const sdk = createApp({ ...composition.app, ...options.app, routes: composition.sdkRoutes });
  const issue = async (grant: unknown, name = 'test'): Promise<string> =>
    (await auth.issue({ name, grant: grant as Grant }, auth.operator())).token;
  const { conversations, approvals: calls, tokens, sessions, connections, accounts, limits } = stores;
  const shared = { conversations, approvals: calls, tokens, sessions, connections, accounts, limits };
  const { log: audit, sweepConnections } = { ...composition, sweepConnections: composition.connections.sweep };
  return { app, sdk, auth, engine, routes, log, audit, approvals, stop, shared, issue, sweepConnections };
}
