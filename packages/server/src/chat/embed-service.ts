import type { Embedder, EmbedRequest, LoadedModel, Model } from '@latchkey/engine';
import type { EmbeddingsRequest, EmbeddingsResult } from '../contracts/embeddings.ts';
import { ServerError } from '../contracts/server-error.ts';
import { shareOf } from './caller-scope.ts';
import { ChatModel } from './chat-model.ts';
import { ChatUse } from './chat-use.ts';
import { fitInputs } from './far-too-long.ts';
import { refuseSpent } from './generate-within-budget.ts';
import { permitLoading } from './permit-loading.ts';
import { permitModel } from './permit-model.ts';
import type { ChatCaller, ChatServiceOptions } from './prepare-chat.ts';
import { readWithinBudget } from './read-within-budget.ts';

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
      const reading = {
        count: () => embedder.count(request, signal),
        most: mostTokensOf(request, lease.model),
        price,
        use,
      };
      const { vectors, promptTokens } = await readWithinBudget(caller, reading, async (readPart) => {
        const read: Float32Array[] = [];
        let promptTokens = 0;
        for (const inputs of inParts(request.inputs, embedder.mostInputs)) {
          const part = await readPart(() => embedder.embed({ ...request, inputs }, signal));
          signal.throwIfAborted();
          promptTokens += part.promptTokens;
          read.push(...part.vectors);
        }
        return { vectors: read, promptTokens };
      });
      return {
        model: key,
        vectors: asked.dimensions === undefined ? vectors : vectors.map((vector) => shorten(vector, asked.dimensions)),
        promptTokens,
        seconds: (performance.now() - startedAt) / 1000,
        ...(chatModel.loadTimeSeconds === undefined ? {} : { modelLoadTimeSeconds: chatModel.loadTimeSeconds }),
      };
    }
  };

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
