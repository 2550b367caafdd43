import { LimitExceededError, type LimitState, type Reservation } from '@latchkey/auth-core';
import type { EngineEvent, GenerateRequest, LoadedModel } from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatModel, ModelLoadEvent } from './chat-model.ts';
import { refuseFarTooLong } from './far-too-long.ts';

/** The tokens that the limits of a caller leave. */
export interface TokenBudget {
  /** How each of them stood when the request was let in; empty: nobody needs to know how many tokens it may use. */
  readonly tokenLimits: readonly LimitState[];
  /** Throws ServerError `TOKENS_PER_DAY_EXCEEDED` or `TOKENS_PER_MONTH_EXCEEDED` when fewer than `least` are left. */
  readonly reserveTokens: ReserveTokens;
}

/** Takes as many tokens as are left of the caller's limits, from `least` to `wanted`. */
export type ReserveTokens = (wanted: number, least: number) => Promise<Reservation>;

/** What one round used: what the engine counted, or, of a round whose engine died, what was reserved for it. */
export interface RoundUse {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What happens in a round: the model is loaded if it has to be, then the engine runs. */
export type RoundEvent = ModelLoadEvent | EngineEvent;

/**
 * Runs one round on tokens that were reserved before it: those of the prompt and of the longest answer that was asked for.
 * Together they never have more, so no limit is passed however many requests run at once. What was not used is given
 * back when the engine has counted, also for a caller that has left: leaving early saves nothing that was computed.
 *
 * @param note told what the round used, when it has ended in whatever way; not for one that the model never began
 */
export async function* generateWithinBudget(
  chatModel: ChatModel,
  budget: TokenBudget,
  request: GenerateRequest,
  signal: AbortSignal,
  note: (use: RoundUse) => void,
): AsyncGenerator<RoundEvent> {
  refuseFarTooLong(request, chatModel.contextLength);
  const use = new UseSoFar();
  let plan: RoundPlan | undefined;
  try {
    for (;;) {
      using lease = yield* chatModel.lease(signal);
      const { model } = lease;
      try {
        plan ??= await planRound(model, budget, request, chatModel.roomOn(model), signal);
        yield* runToTheCount(model, plan.request, signal, use);
        return;
      } catch (error) {
        if (use.hasSpoken || !chatModel.reloadsAfter(error, signal)) throw error;
      }
    }
  } finally {
    const used = use.total(plan?.reservation.granted ?? 0);
    if (use.hasBegun) note(used);
    // What cannot be given back counts as used; an answer that is there is not taken back for it.
    await plan?.reservation.settle(used.inputTokens + used.outputTokens).catch(() => {});
  }
}

/** Refuses, before an answer begins, whoever has no token left. @throws {AuthError} `AUTH_LIMIT_EXCEEDED` */
export function refuseSpent({ tokenLimits }: TokenBudget): void {
  const [longest] = tokenLimits
    .filter(({ remaining }) => remaining === 0)
    .map(({ name, source, resetSeconds = 1 }) => ({ name, source, resetSeconds }))
    .sort((left, right) => right.resetSeconds - left.resetSeconds);
  if (longest !== undefined) throw new LimitExceededError(longest.name, longest.source, longest.resetSeconds);
}

/** A round as the engine is asked for it, and the tokens that are kept for it. */
interface RoundPlan {
  readonly request: GenerateRequest;
  readonly reservation: Reservation;
}

/**
 * From the prompt with one token of an answer to the longest answer; the engine is given what is left for the answer. A
 * prompt beyond the context of the model is the engine's to refuse. The prompt is counted only where that matters.
 */
async function planRound(
  model: LoadedModel,
  { tokenLimits, reserveTokens }: TokenBudget,
  request: GenerateRequest,
  room: number,
  signal: AbortSignal,
): Promise<RoundPlan> {
  if (tokenLimits.length === 0 && room === model.contextLength) {
    return { request, reservation: await reserveTokens(room, 1) };
  }
  const prompt = await model.countPrompt(request, signal);
  if (prompt >= room && room < model.contextLength) throw exceeded(prompt, room);
  const wanted = Math.min(room, prompt + (request.maxOutputTokens ?? room));
  const reservation = await reserveTokens(wanted, prompt < wanted ? prompt + 1 : 1);
  const left = Math.max(1, Math.min(room, reservation.granted) - prompt);
  return { request: { ...request, maxOutputTokens: Math.min(request.maxOutputTokens ?? left, left) }, reservation };
}

const exceeded = (tokens: number, limit: number): ServerError =>
  new ServerError(
    'CONTEXT_EXCEEDED',
    `The conversation has at least ${tokens} tokens and leaves no room for an answer in a context of ${limit}. Shorten it, or load the model with a longer context.`,
  );

/** The engine's events; when their reader leaves, the engine is stopped and still heard to its end, for its count. */
async function* runToTheCount(
  model: LoadedModel,
  request: GenerateRequest,
  signal: AbortSignal,
  use: UseSoFar,
): AsyncGenerator<EngineEvent> {
  const leaving = new AbortController();
  const events = model.generate(request, AbortSignal.any([signal, leaving.signal]))[Symbol.asyncIterator]();
  const next = async (): Promise<EngineEvent | undefined> => {
    const result = await events.next();
    if (result.done) return undefined;
    use.note(result.value);
    return result.value;
  };
  let over = false;
  try {
    for (let event = await next(); event !== undefined; event = await next()) {
      yield event;
    }
    over = true;
  } catch (error) {
    over = true;
    throw error;
  } finally {
    leaving.abort();
    if (!over) {
      const rest = async (): Promise<void> => {
        while ((await next()) !== undefined);
      };
      await rest().catch(() => {});
    }
  }
}

/** Counts a round by what the engine says. */
class UseSoFar {
  hasBegun = false;
  hasSpoken = false;
  #prompt = 0;
  #counted: RoundUse | undefined;

  /** @param reserved what a round costs that the engine never counted, because it died */
  total(reserved: number): RoundUse {
    if (this.#counted !== undefined) return this.#counted;
    if (!this.hasBegun) return { inputTokens: 0, outputTokens: 0 };
    const inputTokens = Math.min(this.#prompt, reserved);
    return { inputTokens, outputTokens: reserved - inputTokens };
  }

  note(event: EngineEvent): void {
    this.hasBegun = true;
    if (event.type === 'prompt.progress') this.#prompt = event.processed;
    else if (event.type === 'finish' || event.type === 'interrupted') {
      this.#counted = { inputTokens: event.usage.promptTokens, outputTokens: event.usage.outputTokens };
    } else this.hasSpoken = true;
  }
}
