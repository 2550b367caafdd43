import type { LlamaContext, LlamaContextSequence, Token } from 'node-llama-cpp';

/** A sequence is reused for its cache when it contains at least this share of the new prompt. */
const WORTHWHILE_SHARE = 0.5;

/** One of a context's sequences, with its cached tokens and their cache scope. */
export interface Slot {
  readonly index: number;
  readonly sequence: LlamaContextSequence;
  cacheScope: string | undefined;
  lastUsed: number;
  busy: boolean;
}

/** A slot in use, which already contains the first `cachedTokens` tokens of the prompt. */
export interface SlotLease {
  readonly slot: Slot;
  readonly cachedTokens: number;
}

/**
 * The sequences of a context, which exist as long as the context. A prompt goes to the slot where most of it is cached,
 * but only among the slots that the same scope used last. The cache of another scope is erased before anything else is
 * done with its slot.
 */
export class SequencePool {
  readonly #slots: readonly Slot[];
  #uses = 0;

  constructor(context: LlamaContext) {
    this.#slots = Array.from({ length: context.totalSequences }, (_, index) => ({
      index,
      sequence: context.getSequence(),
      cacheScope: undefined,
      lastUsed: 0,
      busy: false,
    }));
  }

  /** A free slot, with its cache cut to the common beginning with `prompt`. At least one token is left to evaluate. */
  async take(prompt: Token[], cacheScope: string): Promise<SlotLease> {
    const slot = this.#choose(prompt, cacheScope);
    slot.busy = true;
    this.#uses += 1;
    slot.lastUsed = this.#uses;
    if (slot.cacheScope !== cacheScope) {
      await slot.sequence.clearHistory();
      slot.cacheScope = cacheScope;
    }
    await slot.sequence.adaptStateToTokens(prompt.slice(0, -1), false);
    return { slot, cachedTokens: slot.sequence.nextTokenIndex };
  }

  give(slot: Slot): void {
    slot.busy = false;
  }

  #choose(prompt: Token[], cacheScope: string): Slot {
    const free = this.#slots.filter((slot) => !slot.busy);
    let best: Slot | undefined;
    let longest = prompt.length * WORTHWHILE_SHARE;
    for (const slot of free) {
      if (slot.cacheScope !== cacheScope) continue;
      const shared = slot.sequence.compareContextTokens(prompt).firstDifferentIndex;
      if (shared >= longest) [best, longest] = [slot, shared + 1];
    }
    best ??= leastRecentlyUsed(this.#besideBusy(free)) ?? leastRecentlyUsed(free);
    if (best === undefined) throw new Error('Every sequence of the context is in use; the caller must wait its turn.');
    return best;
  }

  /** The free slots next to busy ones: sequences are computed together only while their ids have no gaps. */
  #besideBusy(free: readonly Slot[]): Slot[] {
    const busy = this.#slots.filter((slot) => slot.busy).map((slot) => slot.index);
    return free.filter((slot) => busy.includes(slot.index - 1) || busy.includes(slot.index + 1));
  }
}

function leastRecentlyUsed(slots: readonly Slot[]): Slot | undefined {
  return slots.reduce<Slot | undefined>(
    (oldest, slot) => (oldest === undefined || slot.lastUsed < oldest.lastUsed ? slot : oldest),
    undefined,
  );
}
