import { LimitExceededError, type LimitState, type TokenReservation } from '@latchkey/auth-core';
import type { EngineEvent, GenerateRequest } from '../contracts/inference-engine.ts';
import type { ReloadingLease } from './reloading-lease.ts';

/** The tokens that the limits of a caller leave. */
export interface TokenBudget {
  /** How each of them stood when the request was let in; empty: nobody needs to know how many tokens it may use. */
  readonly tokenLimits: readonly LimitState[];
  /** Throws ServerError `TOKENS_PER_DAY_EXCEEDED` or `TOKENS_PER_MONTH_EXCEEDED` when fewer than `least` are left. */
  readonly reserveTokens: ReserveTokens;
}

/** Takes as many tokens as are left of the caller's limits, from `least` to `wanted`. */
export type ReserveTokens = (wanted: number, least: number) => Promise<TokenReservation>;

/** What one round used; what the engine has not said of a round that broke off is an estimate. */
export interface RoundUse {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** What a token of text has at the least, in UTF-16 code units, when nobody has counted. */
const UNITS_PER_TOKEN = 3;

/**
 * Runs one round on tokens that were reserved before it: those of the prompt and of the longest answer that was asked for.
 * Together they never have more, so no limit is passed however many requests run at once. What was not used is given back.
 *
 * @param note told what the round used, when it has ended in whatever way
 */
export async function* generateWithinBudget(
  lease: ReloadingLease,
  budget: TokenBudget,
  request: GenerateRequest,
  signal: AbortSignal,
  note: (use: RoundUse) => void,
): AsyncGenerator<EngineEvent> {
  const room = Math.min(request.contextLength ?? lease.contextLength, lease.contextLength);
  const { wanted, least } =
    budget.tokenLimits.length > 0 ? await need(lease, request, room, signal) : { wanted: room, least: 1 };
  const reservation = await budget.reserveTokens(wanted, least);
  const granted = Math.min(room, reservation.granted);
  const use = new UseSoFar();
  try {
    for await (const event of lease.generate({ ...request, contextLength: granted }, signal)) {
      use.note(event);
      yield event;
    }
  } finally {
    const used = use.soFar();
    note(used);
    // What can't be given back counts as used; an answer that is there is not taken back for it.
    await reservation.settle(used.inputTokens + used.outputTokens).catch(() => {});
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

/** From the prompt with one token of an answer to the longest answer. A prompt beyond the context is the engine's to refuse. */
async function need(
  lease: ReloadingLease,
  request: GenerateRequest,
  room: number,
  signal: AbortSignal,
): Promise<{ readonly wanted: number; readonly least: number }> {
  const prompt = await lease.countPrompt(request, signal);
  const wanted = Math.min(room, prompt + (request.maxOutputTokens ?? room));
  return { wanted, least: prompt < wanted ? prompt + 1 : 1 };
}

/** Counts a round; of one that is broken off the engine says no number, so its text is counted instead. */
class UseSoFar {
  #prompt = 0;
  #units = 0;
  #counted: RoundUse | undefined;

  soFar(): RoundUse {
    return this.#counted ?? { inputTokens: this.#prompt, outputTokens: Math.ceil(this.#units / UNITS_PER_TOKEN) };
  }

  note(event: EngineEvent): void {
    if (event.type === 'prompt.progress') this.#prompt = event.processed;
    else if ('text' in event) this.#units += event.text.length;
    else if (event.type === 'finish') {
      this.#counted = { inputTokens: event.usage.promptTokens, outputTokens: event.usage.outputTokens };
    }
  }
}
