import type { Embedder, Embeddings, EmbedRequest, LoadedModel, Model } from '@latchkey/engine';
import type { EmbeddingsRequest, EmbeddingsResult } from '../contracts/embeddings.ts';
import type { ModelPrice } from '../contracts/price.ts';
import { ServerError } from '../contracts/server-error.ts';
import { shareOf } from './caller-scope.ts';
import { ChatModel } from './chat-model.ts';
import { ChatUse } from './chat-use.ts';
import { fitInputs } from './far-too-long.ts';
import { refuseSpent } from './generate-within-budget.ts';
import { permitLoading } from './permit-loading.ts';
import { permitModel } from './permit-model.ts';
import type { ChatCaller, ChatServiceOptions } from './prepare-chat.ts';
import { payFor } from './spend.ts';

/**
 * Makes embeddings within the caller's permissions and budget: the tokens of the inputs are counted and reserved before
 * the model reads them, and settled after. Throws ServerError.
 */
export type EmbedService = (
  caller: ChatCaller,
  request: EmbeddingsRequest,
  signal: AbortSignal,
) => Promise<EmbeddingsResult>;

type Options = Pick<ChatServiceOptions, 'catalog' | 'pool' | 'recordUsage' | 'prices'>;

export const createEmbedService =
  ({ catalog, pool, recordUsage, prices }: Options): EmbedService =>
  async (caller, asked, signal) => {
    const key = catalog.resolve(asked.model);
    // Decided before the model is looked up, so that a token learns nothing about models that it may not use.
    permitModel(caller, 'embeddings', key);
    const price = prices?.ofModel(key);
    refuseSpent(caller, price);
    const model = await catalog.find(key);
    refuseChatModel(model);
    const { inputs, tooLong } = asked;
    const wanted: EmbedRequest = { inputs, tooLong, share: shareOf(caller.principal) };
    const chatModel = new ChatModel(pool, model, permitLoading(caller, pool, model, asked));
    const request = { ...wanted, inputs: fitInputs(wanted, chatModel.contextLength) };
    const use = new ChatUse(caller.principal, key, recordUsage, price);
    const loading = chatModel.lease(signal);
    for (;;) {
      const step = await loading.next();
      if (!step.done) continue;
      using lease = step.value;
      const embedder = embedderOf(lease.model, key);
      const startedAt = performance.now();
      const most = mostTokensOf(request, lease.model);
      const { vectors, promptTokens } = await embedWithinBudget(
        embedder,
        caller,
        { request, most, price },
        signal,
        use,
      );
      return {
        model: key,
        vectors: asked.dimensions === undefined ? vectors : vectors.map((vector) => shorten(vector, asked.dimensions)),
        promptTokens,
        seconds: (performance.now() - startedAt) / 1000,
        ...(chatModel.loadTimeSeconds === undefined ? {} : { modelLoadTimeSeconds: chatModel.loadTimeSeconds }),
      };
    }
  };

async function embedWithinBudget(
  embedder: Embedder,
  { tokenLimits, reserveTokens, money }: ChatCaller,
  { request, most, price }: EmbeddingPlan,
  signal: AbortSignal,
  use: ChatUse,
): Promise<Embeddings> {
  // The inputs are counted only where their length matters.
  const isCountedFirst = tokenLimits.length > 0 || (price !== undefined && (money?.limits.length ?? 0) > 0);
  const tokens = isCountedFirst ? await embedder.count(request, signal) : most;
  const reservation = await reserveTokens(tokens, tokens);
  const payment = await payFor(price, money, tokens, 0).catch(async (error: unknown) => {
    await reservation.settle(0).catch(() => {});
    throw error;
  });
  // A request whose tokens were never counted, because the model has crashed, costs what was reserved for it.
  let used = 0;
  let isCounted = true;
  try {
    const vectors: Float32Array[] = [];
    for (const inputs of inParts(request.inputs, embedder.mostInputs)) {
      isCounted = false;
      const part = await embedder.embed({ ...request, inputs }, signal);
      isCounted = true;
      used += part.promptTokens;
      signal.throwIfAborted();
      vectors.push(...part.vectors);
    }
    return { vectors, promptTokens: used };
  } catch (error) {
    const isRefused = error instanceof ServerError && BEFORE_READING.has(error.code);
    if (!isCounted && !isRefused) used = Math.max(used, reservation.granted);
    throw error;
  } finally {
    if (used > 0) use.add({ inputTokens: used, outputTokens: 0 });
    // A reservation that cannot be settled counts as used; the answer is still delivered.
    await reservation.settle(used).catch(() => {});
    await payment.settle({ inputTokens: used, outputTokens: 0 }).catch(() => {});
  }
}

interface EmbeddingPlan {
  readonly request: EmbedRequest;
  /** The most tokens that the inputs may have. */
  readonly most: number;
  readonly price: ModelPrice | undefined;
}

/** A token has at least one byte, and no input has more tokens than the context. */
const mostTokensOf = ({ inputs }: EmbedRequest, { contextLength }: LoadedModel): number =>
  inputs.reduce((sum, input) => {
    const length = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
    return sum + Math.min(contextLength, length + ADDED_TOKENS);
  }, 0);

/** The tokens that a model puts around an input. */
const ADDED_TOKENS = 2;

function inParts<T>(all: readonly T[], most = all.length): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / most) }, (_, index) =>
    all.slice(index * most, (index + 1) * most),
  );
}

/** Refusals before the model has read anything. */
const BEFORE_READING: ReadonlySet<string> = new Set(['INVALID_REQUEST', 'CONTEXT_EXCEEDED', 'OVERLOADED']);

/** What a model is for is known before it is loaded. */
function refuseChatModel({ key, description }: Model): void {
  if (description instanceof Error) return;
  const { type, capabilities } = description;
  if (type !== 'embedding' && capabilities.embeddings !== true) throw makesNone(key);
}

function embedderOf({ embedder }: LoadedModel, key: string): Embedder {
  if (embedder === undefined) throw makesNone(key);
  return embedder;
}

const makesNone = (key: string): ServerError =>
  new ServerError('INVALID_REQUEST', `Model '${key}' makes no embeddings. Use one that is made for them.`, {
    field: 'model',
  });

function shorten(vector: Float32Array, dimensions = vector.length): Float32Array {
  if (dimensions > vector.length) {
    throw new ServerError(
      'INVALID_REQUEST',
      `The vectors of this model have ${vector.length} numbers; ${dimensions} were asked for.`,
      { field: 'dimensions' },
    );
  }
  const part = vector.subarray(0, dimensions);
  const length = Math.hypot(...part);
  return part.map((value) => (length === 0 ? 0 : value / length));
}
