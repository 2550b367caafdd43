import type { DecideRequest, Decider, LoadedModel, Model } from '@latchkey/engine';
import type { DecisionsRequest, DecisionsResult } from '../contracts/decisions.ts';
import { ServerError } from '../contracts/server-error.ts';
import { scopeOf, shareOf } from './caller-scope.ts';
import { ChatModel } from './chat-model.ts';
import { ChatUse } from './chat-use.ts';
import { mostBytesOf } from './far-too-long.ts';
import { refuseSpent } from './generate-within-budget.ts';
import { permitLoading } from './permit-loading.ts';
import { permitModel } from './permit-model.ts';
import type { ChatCaller, ChatServiceOptions } from './prepare-chat.ts';
import { readWithinBudget } from './read-within-budget.ts';

/**
 * Answers questions about a state with probabilities, within the caller's permissions and budget: it is counted and
 * reserved before the model reads it, and settled after. Throws ServerError.
 */
export type DecideService = (
  caller: ChatCaller,
  request: DecisionsRequest,
  signal: AbortSignal,
) => Promise<DecisionsResult>;

type Options = Pick<ChatServiceOptions, 'catalog' | 'pool' | 'recordUsage' | 'prices'>;

export const createDecideService =
  ({ catalog, pool, recordUsage, prices }: Options): DecideService =>
  async (caller, asked, signal) => {
    const key = catalog.resolve(asked.model);
    // Decided before the model is looked up, so that a token learns nothing about models that it may not use.
    permitModel(caller, 'chat', key);
    const price = prices?.ofModel(key);
    refuseSpent(caller, price);
    const model = await catalog.find(key);
    refuseEmbeddingModel(model);
    const { state, questions } = asked;
    const request: DecideRequest = {
      state,
      questions,
      cacheScope: scopeOf(caller.principal),
      share: shareOf(caller.principal),
    };
    const chatModel = new ChatModel(pool, model, permitLoading(caller, pool, model, asked));
    refuseFarTooLong(request, chatModel.contextLength);
    const use = new ChatUse(caller.principal, key, recordUsage, price);
    const loading = chatModel.lease(signal);
    for (;;) {
      const step = await loading.next();
      if (!step.done) continue;
      using lease = step.value;
      const decider = deciderOf(lease.model, key);
      const reading = {
        count: () => decider.count(request, signal),
        most: mostTokensOf(request, lease.model),
        price,
        use,
      };
      return await readWithinBudget(caller, reading, async (readPart) => {
        const decisions = await readPart(() => decider.decide(request, signal));
        signal.throwIfAborted();
        return decisions;
      });
    }
  };

/** A token has at least one byte, and no question has more tokens than the context. */
const mostTokensOf = ({ questions }: DecideRequest, { contextLength }: LoadedModel): number =>
  questions.length * contextLength;

/** Refuses what cannot fit before it is sent to an engine. Throws ServerError `CONTEXT_EXCEEDED`. */
function refuseFarTooLong({ state, questions }: DecideRequest, contextLength: number): void {
  const most = mostBytesOf(contextLength);
  const longest = Math.max(...questions.map((question) => Buffer.byteLength(JSON.stringify(question))));
  if (Buffer.byteLength(state) <= most && longest <= most + QUOTED_BYTES * contextLength) return;
  const field = Buffer.byteLength(state) > most ? 'state' : 'questions';
  throw new ServerError(
    'CONTEXT_EXCEEDED',
    `The state or a question has more than ${most} bytes, which cannot fit into a context of ${contextLength} tokens. Shorten it.`,
    { field },
  );
}

/** What the names of our own fields add to an option of one token. */
const QUOTED_BYTES = 64;

/** What a model is for is known before it is loaded. */
function refuseEmbeddingModel({ key, description }: Model): void {
  if (description instanceof Error || description.type !== 'embedding') return;
  throw new ServerError('INVALID_REQUEST', `Model '${key}' makes embeddings; it cannot decide.`, { field: 'model' });
}

function deciderOf({ decider }: LoadedModel, key: string): Decider {
  if (decider !== undefined) return decider;
  throw new ServerError(
    'INVALID_REQUEST',
    `Model '${key}' cannot decide: the engine or the other server that runs it gives no probabilities of answers. Use a GGUF model of this server.`,
    { field: 'model' },
  );
}
