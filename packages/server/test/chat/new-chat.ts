import { createAuth, createMemoryLimitStore, createMemoryTokenStore, createMeter } from '@latchkey/auth-core';
import { type Auth, type Grant, llm } from '@latchkey/auth-core/llm';
import type { ScriptedEngine } from '@latchkey/engine/testing';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { type ChatService, createChatService } from '../../src/chat/chat-service.ts';
import type { ChatCaller, ChatServiceOptions } from '../../src/chat/prepare-chat.ts';
import type { ConversationStore } from '../../src/contracts/conversation-store.ts';
import { createModelCatalog } from '../../src/models/model-catalog.ts';
import { ModelPool } from '../../src/models/model-pool.ts';
import { openConversations } from '../scripted/databases.ts';
import { ScriptedToolset } from '../scripted/scripted-toolset.ts';

export interface TestChat {
  readonly chat: ChatService;
  readonly auth: Auth;
  readonly pool: ModelPool;
  readonly conversations: ConversationStore;
  readonly toolset: ScriptedToolset;
}

/** The chat service with everything real but the engine and the tools. `ibm/granite` and `ibm/other` are there. */
export async function newChat(
  engine: ScriptedEngine,
  changes: Partial<ChatServiceOptions> = {},
  toolset = new ScriptedToolset(),
): Promise<TestChat> {
  const logger = pino({ level: 'silent' });
  const catalog = createModelCatalog([engine], { small: 'ibm/granite' });
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
  const conversations = await openConversations();
  let ids = 0;
  const chat = createChatService({
    catalog,
    pool,
    conversations,
    openToolset: async () => toolset,
    samplingOf: () => ({}),
    limits: { rounds: 4, toolCalls: 8 },
    recordUsage: () => {},
    logger,
    createResponseId: () => `resp_${++ids}`,
    createCallId: () => `call_${++ids}`,
    clock: () => new Date('2026-01-01T00:00:00Z'),
    schemaExcess: () => undefined,
    ...changes,
  });
  const auth = createAuth({ vocabulary: llm, store: createMemoryTokenStore(), digestKey: new Uint8Array(32).fill(7) });
  return { chat, auth, pool, conversations, toolset };
}

/** A caller who holds a token with this grant. */
export async function newCaller(
  auth: Auth,
  grant: Grant = { actions: ['chat'], models: ['*'] },
  project?: string,
): Promise<ChatCaller> {
  const input = { name: 'caller', grant, ...(project === undefined ? {} : { project }) };
  const principal = await auth.verify((await auth.issue(input, auth.operator())).token);
  const meter = createMeter({ vocabulary: llm, store: createMemoryLimitStore() });
  const { states, reserve } = await meter.admit(principal);
  const tokenLimits = states.filter(({ name }) => name.startsWith('tokens'));
  return {
    principal,
    decide: (request, entries = []) => auth.decide(principal, request, { entries }),
    tokenLimits,
    reserveTokens: (wanted, least) => reserve('tokens', wanted, least),
  };
}
