import { type AuthorityEntry, describeDenial, type Principal } from '@latchkey/auth-core';
import type { AccessRequest, AllowedDecision, Decision } from '@latchkey/auth-core/llm';
import type { ChatMessage, InputPart, Model, Sampling } from '@latchkey/engine';
import type { ChatRequest } from '../contracts/chat-request.ts';
import type { ConversationStore, StoredConversation } from '../contracts/conversation-store.ts';
import { denialDetails } from '../contracts/denial-details.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import type { RecordUsage } from '../contracts/usage-record.ts';
import type { ModelCatalog } from '../models/model-catalog.ts';
import type { ModelPool } from '../models/model-pool.ts';
import type { Logger } from '../telemetry/logger.ts';
import { turnsOf } from './caller-scope.ts';
import { joinHistory, unansweredCalls } from './conversation.ts';
import { refuseSpent, type TokenBudget } from './generate-within-budget.ts';
import { previousNotFound } from './keep-turn.ts';
import { type ChatLimits, least } from './limits.ts';
import { nearestEffort } from './nearest-effort.ts';
import { refuseLargeRequest } from './refuse-large-request.ts';
import type { TurnLives } from './turn-lives.ts';

/** The caller of a chat, its decisions, and the tokens that its limits leave. */
export interface ChatCaller extends TokenBudget {
  readonly principal: Principal;
  readonly decide: (request: AccessRequest, entries?: readonly AuthorityEntry[]) => Decision;
  /** Fires when its token has ended or the server stops, but not when the caller disconnects. */
  readonly ended?: AbortSignal;
}

export interface ChatServiceOptions {
  readonly catalog: ModelCatalog;
  readonly pool: ModelPool;
  readonly conversations: ConversationStore;
  /** Here, `request.messages` contains the whole conversation. */
  readonly openToolset: (caller: ChatCaller, request: ChatRequest, signal: AbortSignal) => Promise<ChatToolset>;
  /** A model's settings for parameters that the request does not set. */
  readonly samplingOf: (modelKey: string) => Sampling;
  readonly limits: { readonly rounds: number; readonly toolCalls: number };
  /** Called with the usage of a chat as it accrues. */
  readonly recordUsage: RecordUsage;
  readonly logger: Logger;
  readonly createResponseId: () => string;
  readonly createCallId: () => string;
  readonly clock: () => Date;
  /** Why a JSON Schema is too large to be used; undefined when it is not. */
  readonly schemaExcess: (schema: unknown) => string | undefined;
  /** How long to wait for a model that is loading or busy before the stream begins; a caller may override it. */
  readonly patienceMilliseconds?: number;
  /** After how long without a sign of life the server of a running turn counts as stopped. */
  readonly silenceMilliseconds?: number;
}

/** A chat after all checks that are possible before the model is used. */
export interface PreparedChat {
  readonly caller: ChatCaller;
  readonly request: ChatRequest;
  readonly model: Model;
  readonly history: StoredConversation;
  /** The history and the new messages. */
  readonly messages: readonly ChatMessage[];
  readonly toolset: ChatToolset;
  /** Hands the tools over to the chat, which closes them from then on. */
  readonly hold: () => void;
  readonly limits: ChatLimits;
}

/**
 * Makes all refusals that are possible before the model is used, and opens the tools, which the chat must dispose of.
 *
 * @param lives waits for a turn that goes on without its caller; absent when the request does not continue a turn
 */
export async function prepareChat(
  options: ChatServiceOptions,
  caller: ChatCaller,
  asked: ChatRequest,
  signal: AbortSignal,
  lives?: TurnLives,
): Promise<PreparedChat> {
  const key = options.catalog.resolve(asked.model);
  // Decided before the model is looked up, so that a token learns nothing about models that it may not use.
  const permission = permit(caller, key);
  refuseSpent(caller);
  refuseLargeRequest(asked, options.schemaExcess);
  const model = await options.catalog.find(key);
  const request = withoutUnseenResults(withEffort(asked, model), model);
  requireVision(model, request.messages);
  refuseUnknownReasoning(model, request);
  permitContext(caller, options.pool, model, request.contextLength);
  const { previousResponseId } = request;
  if (previousResponseId !== undefined) {
    await lives?.whenMade(previousResponseId, turnsOf(caller.principal), signal);
  }
  const history = await loadHistory(options.conversations, caller.principal, request);
  const limits = limitsOf(options, request, permission);
  const messages = joinHistory(history.messages, request.messages);
  refuseNothingNew(history, request, messages);
  const { toolset, hold } = await openOwnToolset(options, caller, { ...request, messages }, signal);
  await refuseAmbiguousTools(request, toolset);
  return { caller, request, model, history, messages, toolset, hold, limits };
}

function permit(caller: ChatCaller, model: string): AllowedDecision {
  const decision = caller.decide({ action: 'chat', models: model });
  if (decision.allowed) return decision;
  throw new ServerError('PERMISSION_DENIED', `Permission denied to use model '${model}': ${describeDenial(decision)}`, {
    field: 'model',
    details: { code: 'AUTH_PERMISSION_DENIED', ...denialDetails(decision) },
  });
}

/** The reasoning options of a model are in its file, so they are known before it is loaded. */
function refuseUnknownReasoning({ description, key }: Model, { reasoning }: ChatRequest): void {
  if (reasoning === undefined || description instanceof Error) return;
  const allowed = description.capabilities.reasoning?.allowedOptions ?? [];
  if (allowed.includes(reasoning)) return;
  throw new ServerError(
    'UNSUPPORTED_REASONING',
    `Model '${key}' has no reasoning setting '${reasoning}'; it has: ${allowed.join(', ') || 'none'}.`,
    { field: 'reasoning' },
  );
}

/** A context beyond the configured one reloads the model, which is unavailable to all callers meanwhile. */
function permitContext(caller: ChatCaller, pool: ModelPool, model: Model, contextLength: number | undefined): void {
  if (!pool.needsLargerLoad(model, contextLength)) return;
  const decision = caller.decide({ action: 'models:load', models: model.key });
  if (decision.allowed) return;
  throw new ServerError(
    'PERMISSION_DENIED',
    `Permission denied to load model '${model.key}' with a context of ${contextLength} tokens: ${describeDenial(decision)}`,
    { field: 'contextLength', details: { code: 'AUTH_PERMISSION_DENIED', ...denialDetails(decision) } },
  );
}

function requireVision(model: Model, messages: readonly ChatMessage[]): void {
  if (model.description instanceof Error || model.description.capabilities.vision) return;
  const hasImage = messages.some(
    ({ role, content }) => role === 'user' && content.some(({ type }) => type === 'image'),
  );
  if (hasImage) {
    throw new ServerError('UNSUPPORTED_INPUT', `Model '${model.key}' can't see images.`, { field: 'messages' });
  }
}

/** A tool call cannot be undone, so a model without vision gets a text in place of each image in its result. */
function withoutUnseenResults(request: ChatRequest, { description }: Model): ChatRequest {
  if (description instanceof Error || description.capabilities.vision) return request;
  const toRead = (part: InputPart): InputPart =>
    part.type === 'text' ? part : { type: 'text', text: `[${part.mediaType}: this model cannot see images]` };
  return {
    ...request,
    messages: request.messages.map((message) =>
      message.role === 'tool' ? { ...message, content: message.content.map(toRead) } : message,
    ),
  };
}

/** A preferred effort is adjusted to the nearest one that the model has. */
function withEffort({ reasoning, reasoningIsWish, ...request }: ChatRequest, { description }: Model): ChatRequest {
  if (reasoning === undefined) return request;
  const allowed = description instanceof Error ? [] : (description.capabilities.reasoning?.allowedOptions ?? []);
  const effort = reasoningIsWish ? nearestEffort(reasoning, allowed) : reasoning;
  return effort === undefined ? request : { ...request, reasoning: effort };
}

function limitsOf(
  { limits }: ChatServiceOptions,
  request: ChatRequest,
  { limits: { maxOutputTokens, toolCallsPerRequest } = {} }: AllowedDecision,
): ChatLimits {
  const outputTokens = least(request.maxOutputTokens, maxOutputTokens);
  if (outputTokens === 0) {
    // Waiting does not help, so this is not a 429.
    throw new ServerError('PERMISSION_DENIED', 'The token may not generate any text: its maxOutputTokens is 0.', {
      field: 'maxOutputTokens',
    });
  }
  return {
    rounds: limits.rounds,
    toolCalls: least(limits.toolCalls, toolCallsPerRequest) ?? limits.toolCalls,
    ...(outputTokens === undefined ? {} : { outputTokens }),
  };
}

/** A stream that is never read has no end at which to close its tools, so the signal closes them as well. */
async function openOwnToolset(
  { openToolset, logger }: ChatServiceOptions,
  caller: ChatCaller,
  request: ChatRequest,
  signal: AbortSignal,
): Promise<{ readonly toolset: ChatToolset; readonly hold: () => void }> {
  const toolset = await openToolset(caller, request, signal);
  const dispose = async (): Promise<void> => {
    try {
      await toolset[Symbol.asyncDispose]();
    } catch (error) {
      logger.warn({ err: error }, 'closing tools failed');
    }
  };
  if (signal.aborted) await dispose();
  signal.throwIfAborted();
  signal.addEventListener('abort', dispose, { once: true });
  return { toolset, hold: () => signal.removeEventListener('abort', dispose) };
}

/** Two tools with one name would make a call ambiguous. */
async function refuseAmbiguousTools(request: ChatRequest, toolset: ChatToolset): Promise<void> {
  const index = request.clientTools.findIndex((tool) => toolset.describe(tool.name) !== undefined);
  if (index === -1) return;
  await toolset[Symbol.asyncDispose]();
  throw new ServerError('INVALID_REQUEST', 'A tool has the name of a tool that an integration brings; rename it.', {
    field: `tools.${index}.name`,
  });
}

async function loadHistory(
  conversations: ConversationStore,
  principal: Principal,
  request: ChatRequest,
): Promise<StoredConversation> {
  if (request.previousResponseId === undefined) return { messages: [] };
  const history = await conversations.load(request.previousResponseId, turnsOf(principal));
  if (history === undefined) throw previousNotFound(request.previousResponseId);
  return history;
}

/** A conversation that ends with an assistant message has nothing to answer. */
function refuseNothingNew(
  { messages: before }: StoredConversation,
  { messages: added }: ChatRequest,
  messages: readonly ChatMessage[],
): void {
  if (added.some(({ role }) => role !== 'system') || unansweredCalls(before).length > 0) return;
  if (messages.at(-1)?.role !== 'assistant') return;
  throw new ServerError('INVALID_REQUEST', 'The previous response is complete: say something to go on from it.', {
    field: 'messages',
  });
}
