import type { AuthorityEntry, Principal } from '@latchkey/auth-core';
import type { AccessRequest, AllowedDecision, Decision } from '@latchkey/auth-core/llm';
import type { ChatMessage, InputPart, Model, Sampling } from '@latchkey/engine';
import type { ChatRequest } from '../contracts/chat-request.ts';
import type { ConversationStore, StoredConversation } from '../contracts/conversation-store.ts';
import type { PriceList } from '../contracts/price.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatToolset } from '../contracts/toolset.ts';
import type { RecordUsage } from '../contracts/usage-record.ts';
import type { ModelCatalog } from '../models/model-catalog.ts';
import type { ModelPool } from '../models/model-pool.ts';
import type { Logger } from '../telemetry/logger.ts';
import { searchChatTools } from '../tool-search/search-chat-tools.ts';
import { turnsOf } from './caller-scope.ts';
import { joinHistory, unansweredCalls, unansweredOf } from './conversation.ts';
import { refuseSpent, type TokenBudget } from './generate-within-budget.ts';
import { previousNotFound } from './keep-turn.ts';
import { type ChatLimits, least, searchAbove } from './limits.ts';
import { nearestEffort } from './nearest-effort.ts';
import { permitLoading } from './permit-loading.ts';
import { permitModel } from './permit-model.ts';
import { refuseLargeRequest } from './refuse-large-request.ts';
import type { TurnLives } from './turn-lives.ts';

/** The caller of a chat, its decisions, and the tokens that its limits leave. */
export interface ChatCaller extends TokenBudget {
  readonly principal: Principal;
  readonly decide: (request: AccessRequest, entries?: readonly AuthorityEntry[]) => Decision;
  /** Fires when its token has ended or the server stops, but not when the caller disconnects. */
  readonly ended?: AbortSignal;
  /**
   * Called with the end of each chat before the chat does anything: until then, the caller's place is taken and its
   * token is watched, even if it disconnects. Throws when it has disconnected before.
   */
  readonly goesOnUntil?: (ended: Promise<void>) => void;
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
  /** With more tools than this, models find them by a search, unless the request says otherwise; absent: never. */
  readonly toolSearchAbove?: number;
  /** Called with the usage of a chat as it accrues. */
  readonly recordUsage: RecordUsage;
  /** Absent where nothing has a price. */
  readonly prices?: PriceList;
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
  const permission = permitModel(caller, 'chat', key);
  refuseSpent(caller, options.prices?.ofModel(key));
  refuseLargeRequest(asked, options.schemaExcess);
  const model = await options.catalog.find(key);
  refuseEmbeddingModel(model);
  const seen = withoutUnseenResults(withEffort(asked, model), model);
  requireVision(model, seen.messages);
  refuseUnknownReasoning(model, seen);
  const request = permitLoading(caller, options.pool, model, seen);
  const { previousResponseId } = request;
  if (previousResponseId !== undefined) {
    await lives?.whenMade(previousResponseId, turnsOf(caller.principal), signal);
  }
  const history = await loadHistory(options.conversations, caller.principal, request);
  const limits = limitsOf(options, request, permission);
  const messages = joinHistory(history.messages, request);
  refuseNothingNew(history, request, messages);
  const { toolset: whole, hold } = await openOwnToolset(options, caller, { ...request, messages }, signal);
  const above = searchAbove(permission, request.toolSearch, options.toolSearchAbove);
  const toolset = searchChatTools(whole, { ...request, messages, above });
  await refuseAmbiguousTools(request, toolset);
  await refuseUnansweredTools(request, history, toolset);
  return { caller, request, model, history, messages, toolset, hold, limits };
}

function refuseEmbeddingModel({ key, description }: Model): void {
  if (description instanceof Error || description.type !== 'embedding') return;
  throw new ServerError('INVALID_REQUEST', `Model '${key}' makes embeddings; it cannot chat.`, { field: 'model' });
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
  const { answers = 1 } = request;
  if (maxOutputTokens !== undefined && maxOutputTokens > 0 && maxOutputTokens < answers) {
    throw new ServerError(
      'PERMISSION_DENIED',
      `The token may generate ${maxOutputTokens} tokens in one request, too few for ${answers} answers.`,
      { field: 'answers' },
    );
  }
  const most = maxOutputTokens === undefined ? undefined : Math.floor(maxOutputTokens / answers);
  const outputTokens = least(request.maxOutputTokens, most);
  if (outputTokens === 0) {
    // Waiting does not help, so this is not a 429.
    throw new ServerError('PERMISSION_DENIED', 'The token may not generate any text: its maxOutputTokens is 0.', {
      field: 'maxOutputTokens',
    });
  }
  return {
    rounds: limits.rounds,
    toolCalls: least(least(limits.toolCalls, toolCallsPerRequest), request.maxToolCalls) ?? limits.toolCalls,
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

/** A tool of the caller is not run here: a request that goes on from a call of one brings the result. */
async function refuseUnansweredTools(
  request: ChatRequest,
  history: StoredConversation,
  toolset: ChatToolset,
): Promise<void> {
  const own = new Set(request.clientTools.map(({ name }) => name));
  const call = unansweredOf(history.messages, request).find(({ name }) => own.has(name));
  if (call === undefined) return;
  await toolset[Symbol.asyncDispose]();
  throw new ServerError('INVALID_REQUEST', `There is no result for the call '${call.id}' of the previous response.`, {
    field: 'messages',
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
