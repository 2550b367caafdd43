import { LimitExceededError, type LimitState, type Reservation } from '@latchkey/auth-core';
import { type EngineEvent, type GenerateRequest, type LoadedModel, textOf } from '@latchkey/engine';
import type { ModelPrice } from '../contracts/price.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ChatModel, ModelLoadEvent } from './chat-model.ts';
import { refuseFarTooLong } from './far-too-long.ts';
import { type MoneyBudget, type Payment, payFor } from './spend.ts';

/** The tokens that the limits of a caller leave. */
export interface TokenBudget {
  /** The state of each limit when the request was admitted; empty when the caller has no token limits. */
  readonly tokenLimits: readonly LimitState[];
  /** Throws ServerError `TOKENS_PER_DAY_EXCEEDED` or `TOKENS_PER_MONTH_EXCEEDED` when fewer than `least` are left. */
  readonly reserveTokens: ReserveTokens;
  /** The money that they leave; absent where nothing has a price. */
  readonly money?: MoneyBudget;
}

/** Reserves as many tokens as the caller's limits leave, from `least` to `wanted`. */
export type ReserveTokens = (wanted: number, least: number) => Promise<Reservation>;

/** The usage of one round: as the engine counted it, or, if the engine crashed, as it was reserved. */
export interface RoundUse {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The events of a round: the model is loaded if needed, then the engine runs. */
export type RoundEvent = ModelLoadEvent | EngineEvent;

/** How one round is run. */
export interface RoundOptions {
  /** Called with the usage when the round has ended in any way; not for a round that the model never began. */
  readonly note: (use: RoundUse) => void;
  /** What the model costs; undefined where it costs nothing. */
  readonly price?: ModelPrice | undefined;
  /** Whether a prompt with answers of tools is too long that leaves next to no room for an answer of the model. */
  readonly keepsRoom?: boolean;
}

/** The part of a context, and the most tokens, that answers of tools leave to the model. */
const ANSWER_PART = 8;
const MOST_KEPT = 512;

/** Refuses a prompt with long answers of tools that leaves no room to say something about them. */
async function refuseWithoutRoom(
  model: LoadedModel,
  request: GenerateRequest,
  room: number,
  signal: AbortSignal,
): Promise<void> {
  const kept = Math.min(MOST_KEPT, Math.floor(room / ANSWER_PART), request.maxOutputTokens ?? room);
  const bytes = request.messages.reduce(
    (sum, { role, content }) => sum + (role === 'tool' ? textOf(content).length : 0),
    0,
  );
  // A text has at most as many tokens as bytes: short answers need not be counted.
  if (bytes * 4 < room - kept && bytes < LONG_ANSWERS) return;
  const prompt = await model.countPrompt(request, signal);
  if (prompt > room - kept) throw exceeded(prompt, room);
}

/** Answers of tools that are shorter, in characters, are not what fills a context. */
const LONG_ANSWERS = 512;

/**
 * Runs one round on tokens that are reserved before it: those of the prompt and of the longest answer that was
 * requested. Reservations together never exceed a limit, however many requests run at once. What was not used is given
 * back when the engine has counted, even if the caller has left: leaving early does not avoid the cost.
 *
 * Throws ServerError `CONTEXT_EXCEEDED` for a prompt that is too long.
 */
export async function* generateWithinBudget(
  chatModel: ChatModel,
  budget: TokenBudget,
  request: GenerateRequest,
  signal: AbortSignal,
  { note, price, keepsRoom = false }: RoundOptions,
): AsyncGenerator<RoundEvent> {
  refuseFarTooLong(request, chatModel.contextLength);
  const use = new UseSoFar();
  let plan: RoundPlan | undefined;
  try {
    for (;;) {
      using lease = yield* chatModel.lease(signal);
      const { model } = lease;
      try {
        if (keepsRoom) await refuseWithoutRoom(model, request, chatModel.roomOn(model), signal);
        plan ??= await planRound(model, budget, { request, price }, chatModel.roomOn(model), signal);
        yield* runToTheCount(model, plan.request, signal, use);
        return;
      } catch (error) {
        if (use.hasSpoken || !chatModel.reloadsAfter(error, signal)) throw error;
      }
    }
  } finally {
    const used = use.total(plan?.reservation.granted ?? 0);
    if (use.hasBegun) note(used);
    // A reservation that cannot be settled counts as used; the answer is still delivered.
    await plan?.reservation.settle(used.inputTokens + used.outputTokens).catch(() => {});
    await plan?.payment.settle(used).catch(() => {});
  }
}

/** Refuses a caller without tokens, or without money for a model with a price, before an answer begins. @throws {AuthError} `AUTH_LIMIT_EXCEEDED` */
export function refuseSpent({ tokenLimits, money }: TokenBudget, price?: ModelPrice): void {
  const [longest] = [...tokenLimits, ...(price === undefined ? [] : (money?.limits ?? []))]
    .filter(({ remaining }) => remaining === 0)
    .map(({ name, source, resetSeconds = 1 }) => ({ name, source, resetSeconds }))
    .sort((left, right) => right.resetSeconds - left.resetSeconds);
  if (longest !== undefined) throw new LimitExceededError(longest.name, longest.source, longest.resetSeconds);
}

/** The request of a round to the engine, and the tokens that are reserved for it. */
interface RoundPlan {
  readonly request: GenerateRequest;
  readonly reservation: Reservation;
  readonly payment: Payment;
}

/**
 * Reserves from the prompt plus one token of an answer up to the prompt plus the longest answer; the engine may
 * generate what is left for the answer. A prompt beyond the context of the model is refused by the engine. The prompt
 * is counted only where its length matters. The same is reserved in money, where the model has a price.
 */
async function planRound(
  model: LoadedModel,
  { tokenLimits, reserveTokens, money }: TokenBudget,
  { request, price }: { readonly request: GenerateRequest; readonly price: ModelPrice | undefined },
  room: number,
  signal: AbortSignal,
): Promise<RoundPlan> {
  const isPaid = price !== undefined && money !== undefined && money.limits.length > 0;
  if (tokenLimits.length === 0 && !isPaid && room === model.contextLength) {
    return { request, reservation: await reserveTokens(room, 1), payment: await payFor(undefined, money, 0, room) };
  }
  const prompt = await model.countPrompt(request, signal);
  if (prompt >= room && room < model.contextLength) throw exceeded(prompt, room);
  const wanted = Math.min(room, prompt + (request.maxOutputTokens ?? room));
  const reservation = await reserveTokens(wanted, prompt < wanted ? prompt + 1 : 1);
  const left = Math.max(1, Math.min(room, reservation.granted) - prompt);
  const longest = Math.min(request.maxOutputTokens ?? left, left);
  try {
    const payment = await payFor(price, money, prompt, longest);
    return { request: { ...request, maxOutputTokens: payment.answerTokens }, reservation, payment };
  } catch (error) {
    await reservation.settle(0).catch(() => {});
    throw error;
  }
}

const exceeded = (tokens: number, limit: number): ServerError =>
  new ServerError(
    'CONTEXT_EXCEEDED',
    `The conversation has at least ${tokens} tokens and leaves no room for an answer in a context of ${limit}. Shorten it, or load the model with a longer context.`,
  );

/** The engine's events. When the reader leaves, the engine is stopped and read to its end, to get its count. */
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

/** Counts a round from the engine's events. */
class UseSoFar {
  hasBegun = false;
  hasSpoken = false;
  #prompt = 0;
  #counted: RoundUse | undefined;

  /** @param reserved the cost of a round that the engine never counted because it crashed */
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
