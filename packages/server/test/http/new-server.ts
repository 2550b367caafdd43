import {
  type Auth,
  anonymousPrincipal,
  createAuth,
  createMemoryLimitStore,
  createMemoryTokenStore,
  createMeter,
  type Grant,
} from '@latchkey/auth-core';
import { re2jsPatterns } from '@latchkey/auth-core/patterns/re2js';
import type Koa from 'koa';
import { type Logger, pino } from 'pino';
import { onTestFinished } from 'vitest';
import { createChatService } from '../../src/chat/chat-service.ts';
import { type AppOptions, createApp } from '../../src/http/app.ts';
import { createCanHandler } from '../../src/http/handlers/can.ts';
import { createChatHandler } from '../../src/http/handlers/chat.ts';
import { createChatCompletionsHandler } from '../../src/http/handlers/chat-completions.ts';
import { createModelHandlers } from '../../src/http/handlers/models.ts';
import { createTokenHandlers } from '../../src/http/handlers/tokens.ts';
import { createWhoamiHandler } from '../../src/http/handlers/whoami.ts';
import { createRoutes, type Route } from '../../src/http/routes.ts';
import type { ServerState } from '../../src/http/state.ts';
import { ModelPool } from '../../src/models/model-pool.ts';
import { createModelRegistry } from '../../src/models/model-registry.ts';
import { openToolset } from '../../src/tools/open-toolset.ts';
import { openConversations } from '../chat/new-chat.ts';
import type { Turn } from '../scripted/engine-script.ts';
import { ScriptedEngine } from '../scripted/scripted-engine.ts';
import { temporaryFolder, writeFiles } from '../scripted/temporary-folder.ts';
import { newHost } from '../tools/caller.ts';

export interface TestServer {
  readonly app: Koa<ServerState>;
  readonly auth: Auth;
  readonly engine: ScriptedEngine;
  readonly routes: readonly Route[];
  /** Everything that was logged, from `trace` on. */
  readonly log: string[];
  readonly stop: AbortController;
  issue(grant: unknown, name?: string): Promise<string>;
}

export interface TestServerOptions {
  readonly turns?: readonly Turn[];
  readonly bodyLimit?: number;
  readonly anonymous?: Grant;
  readonly policy?: Grant;
  readonly app?: Partial<AppOptions>;
}

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
  const { turns = [], bodyLimit = 100_000, anonymous } = options;
  const { logger, log } = keepLog();
  const models = temporaryFolder();
  writeFiles(models, { 'ibm/granite.gguf': 'GGUF', 'ibm/other.gguf': 'GGUF' });
  const engine = new ScriptedEngine(...turns);
  const registry = createModelRegistry(models, { small: 'ibm/granite' }, engine);
  const pool = new ModelPool({
    engine,
    logger,
    contextLength: 1024,
    parallel: 2,
    gpu: 'off',
    idleMilliseconds: 60_000,
    keepOnlyLast: true,
  });
  onTestFinished(() => pool[Symbol.asyncDispose]());
  const auth = createAuth({
    store: createMemoryTokenStore(),
    digestKey: new Uint8Array(32).fill(7),
    patterns: re2jsPatterns,
    ...(options.policy === undefined ? {} : { policy: options.policy }),
  });
  const mcp = newHost();
  let ids = 0;
  const clock = (): Date => new Date('2026-01-01T00:00:00Z');
  const chat = createChatService({
    registry,
    pool,
    conversations: await openConversations(),
    openToolset: (caller, request, signal) => openToolset(mcp, request.integrations, caller.decide, signal),
    samplingOf: () => ({}),
    limits: { rounds: 4, toolCalls: 8 },
    logger,
    createResponseId: () => `resp_${++ids}`,
    createCallId: () => `call_${++ids}`,
    clock,
  });
  const meter = createMeter({ store: createMemoryLimitStore() });
  onTestFinished(() => meter.close());
  const routes = createRoutes({
    can: createCanHandler(registry.resolve, bodyLimit),
    chat: createChatHandler(chat, bodyLimit),
    chatCompletions: createChatCompletionsHandler({ chat, bodyLimit, createId: () => String(++ids), clock }),
    models: createModelHandlers(registry, pool),
    tokens: createTokenHandlers(auth, bodyLimit),
    whoami: createWhoamiHandler(meter),
  });
  const stop = new AbortController();
  const app = createApp({
    auth,
    meter,
    anonymous: anonymous && anonymousPrincipal(anonymous, 'anonymous'),
    routes,
    logger,
    createId: () => `request-${++ids}`,
    stopping: stop.signal,
    allowedHosts: [],
    allowedOrigins: [],
    ...options.app,
  });
  const issue = async (grant: unknown, name = 'test'): Promise<string> =>
    (await auth.issue({ name, grant }, auth.operator())).token;
  return { app, auth, engine, routes, log, stop, issue };
}
