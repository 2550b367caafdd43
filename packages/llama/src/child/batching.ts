import type { BatchItem, CustomBatchingPrioritizationStrategy, EvaluationPriority } from 'node-llama-cpp';

/**
 * While other streams are generating, a prompt gets at most this share of a batch, so that no stream stalls for long.
 */
const PROMPT_SHARE = 0.25;

/** A stream that has just received a token requests the next one after a few turns of the microtask queue. */
const PATIENCE = 30;

const BASE_PRIORITY = 5;
const PRIORITY_STEP = 1 / 4096;

/**
 * Decides what goes into each batch.
 *
 * llama.cpp computes sequences in one go only when their ids are in ascending order without gaps, and the library
 * queues them in the order in which they happened to finish, the last one too late. So: wait for every stream that is
 * generating, process those streams first, then prompts, and sort by id. A sequence's id reaches the strategy
 * through the only value that is passed on to it, the priority, whose fraction nothing else reads.
 */
export class Batching {
  readonly #writing = new Set<number>();
  #turnsWaited = 0;

  /** The priority that identifies a sequence's requests. */
  priorityOf(sequenceIndex: number): EvaluationPriority {
    return (BASE_PRIORITY + sequenceIndex * PRIORITY_STEP) as EvaluationPriority;
  }

  /** From now on batches wait for this sequence. */
  startWriting(sequenceIndex: number): void {
    this.#writing.add(sequenceIndex);
  }

  stopWriting(sequenceIndex: number): void {
    this.#writing.delete(sequenceIndex);
  }

  readonly strategy: CustomBatchingPrioritizationStrategy = ({ items, size }) => {
    const decodes = items.filter((item) => item.tokens.length === 1);
    if (decodes.length < this.#writing.size && this.#turnsWaited < PATIENCE) {
      this.#turnsWaited += 1;
      return [];
    }
    this.#turnsWaited = 0;
    const prompts = items.filter((item) => item.tokens.length > 1);
    let promptTokens = Math.max(1, decodes.length > 0 ? Math.floor(size * PROMPT_SHARE) : size);
    let left = size;
    const batch: { item: BatchItem; processAmount: number }[] = [];
    for (const item of decodes) {
      if (left === 0) break;
      batch.push({ item, processAmount: 1 });
      left -= 1;
    }
    for (const item of prompts) {
      const processAmount = Math.min(item.tokens.length, left, promptTokens);
      if (processAmount <= 0) break;
      batch.push({ item, processAmount });
      left -= processAmount;
      promptTokens -= processAmount;
    }
    return batch.sort((a, b) => a.item.evaluationPriority - b.item.evaluationPriority);
  };
}
