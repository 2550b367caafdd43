import type { TokenReservation } from '@latchkey/auth-core';
import type { EngineEvent, GenerateRequest } from '../contracts/inference-engine.ts';
import { ServerError } from '../contracts/server-error.ts';
import type { ReloadingLease } from './reloading-lease.ts';

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
 * Runs one round on tokens that were reserved before it: prompt and answer together never have more, so no limit is
 * passed however many requests run at once. What was not used is given back.
 *
 * @param note told what the round used, when it has ended in whatever way
 */
export async function* generateWithinBudget(
  lease: ReloadingLease,
  reserve: ReserveTokens,
  request: GenerateRequest,
  signal: AbortSignal,
  note: (use: RoundUse) => void,
): AsyncGenerator<EngineEvent> {
  const room = Math.min(request.contextLength ?? lease.contextLength, lease.contextLength);
  const reservation = await reserve(room, 1);
  const granted = Math.min(room, reservation.granted);
  const use = new UseSoFar();
  try {
    for await (const event of lease.generate({ ...request, contextLength: granted }, signal)) {
      use.note(event);
      yield event;
    }
  } catch (error) {
    const short = granted < room && error instanceof ServerError && error.code === 'CONTEXT_EXCEEDED';
    throw short ? await nameShortLimit(reserve, granted) : error;
  } finally {
    const used = use.soFar();
    note(used);
    // What can't be given back counts as used; an answer that is there is not taken back for it.
    await reservation.settle(used.inputTokens + used.outputTokens).catch(() => {});
  }
}

/** The conversation alone has more tokens than were left: asking for more says of which limit, and for how long. */
async function nameShortLimit(reserve: ReserveTokens, granted: number): Promise<unknown> {
  try {
    const more = await reserve(granted + 1, granted + 1);
    await more.settle(0).catch(() => {});
  } catch (refusal) {
    return refusal;
  }
  const message = 'Other requests were using up the limits of the token, and have ended by now. Try again.';
  return new ServerError('OVERLOADED', message);
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
