import { type DecideRequest, type Decisions, EngineError } from '@latchkey/engine';
import type { ControlledEvaluateInputItem, EvaluationPriority, LlamaContextSequence, Token } from 'node-llama-cpp';
import { buildDecision, type DecisionPrompt } from './decision-prompt.ts';
import type { NativeModel } from './native-model.ts';
import type { NodeScores, OptionNode, Place } from './option-tree.ts';

/**
 * Prompts are computed in blocks of so many tokens, whose borders are at multiples of it: the last digits of a number
 * depend on what is computed together, and a question has the same answer whatever is asked beside it and whatever was
 * found in the cache. A signal takes effect between two blocks.
 */
const BLOCK_TOKENS = 64;

/**
 * Scores the options of each question about a state; nothing is generated. The state is evaluated once, and stays in
 * the cache of its scope. Ends with the questions that are answered when `signal` fires. Throws as `buildDecision` does.
 */
export async function decide(model: NativeModel, request: DecideRequest, signal: AbortSignal): Promise<Decisions> {
  const prompts = await buildDecision(model, request, signal);
  const [first] = prompts?.questions ?? [];
  if (prompts === undefined || first === undefined || signal.aborted) {
    return { probabilities: [], promptTokens: 0, cachedTokens: 0 };
  }
  const lease = await model.pool.take(first.tokens, request.cacheScope);
  const { slot } = lease;
  const cachedTokens = wholeBlocks(lease.cachedTokens);
  try {
    const reader = new Reader(model, slot.sequence, model.batching.priorityOf(slot.index), signal);
    const probabilities: number[][] = [];
    let read = cachedTokens;
    for (const { tokens, tree } of prompts.questions) {
      const shared = wholeBlocks(prompts.shared);
      if (slot.sequence.nextTokenIndex < shared) await reader.read(tokens.slice(0, shared));
      const isRead = await reader.score({ tokens, tree });
      // Of a request that was aborted, only what was read counts.
      read += reader.takeCount();
      if (!isRead) return { probabilities, promptTokens: Math.min(read, prompts.total), cachedTokens };
      probabilities.push(sharesOf(tree));
    }
    return { probabilities, promptTokens: prompts.total, cachedTokens };
  } finally {
    model.pool.give(slot);
  }
}

const wholeBlocks = (tokens: number): number => tokens - (tokens % BLOCK_TOKENS);

function sharesOf(tree: DecisionPrompt['tree']): number[] {
  const shares = tree.shares();
  if (shares.every(Number.isFinite)) return shares;
  throw new EngineError('INTERNAL', 'The model computed a probability that is not a number.');
}

/** Evaluates questions in one sequence, each from where it differs from what the sequence holds. */
class Reader {
  readonly #sequence: LlamaContextSequence;
  readonly #priority: EvaluationPriority;
  readonly #signal: AbortSignal;
  readonly #ends: readonly Token[];
  #count = 0;

  constructor(model: NativeModel, sequence: LlamaContextSequence, priority: EvaluationPriority, signal: AbortSignal) {
    this.#sequence = sequence;
    this.#priority = priority;
    this.#signal = signal;
    this.#ends = model.turnEnds;
  }

  /** How many tokens were evaluated since the last call. */
  takeCount(): number {
    const count = this.#count;
    this.#count = 0;
    return count;
  }

  /** Leaves the sequence with exactly these tokens, unless the signal fires. */
  async read(tokens: Token[]): Promise<void> {
    const held = this.#sequence.compareContextTokens(tokens).firstDifferentIndex;
    await this.#hold(tokens, held - (held % BLOCK_TOKENS));
  }

  /** The same, beginning where the sequence holds other tokens, or holds less than `most` of them. */
  async #hold(tokens: Token[], most: number): Promise<void> {
    await this.#sequence.adaptStateToTokens(tokens.slice(0, most), false);
    let at = this.#sequence.nextTokenIndex;
    if (at >= tokens.length) return;
    while (at < tokens.length && !this.#signal.aborted) {
      const block = tokens.slice(at, at - (at % BLOCK_TOKENS) + BLOCK_TOKENS);
      await this.#sequence.evaluateWithoutGeneratingNewTokens(block, { evaluationPriority: this.#priority });
      this.#count += block.length;
      at += block.length;
    }
    if (!this.#signal.aborted && this.#sequence.needsCheckpoints) await this.#sequence.takeCheckpoint();
  }

  /** Scores all places of a question's answers; false when the signal fires before. */
  async score({ tokens, tree }: DecisionPrompt): Promise<boolean> {
    await this.read(tokens.slice(0, -1));
    let [step, depth]: [Place[], number] = [[], 0];
    for (const place of tree.places()) {
      // A place that is one token deeper than the one before continues it.
      const continues = place.path.length === depth + 1 && step.length < BLOCK_TOKENS;
      if (!continues) {
        if (!(await this.#evaluate(tokens, step))) return false;
        step = [];
      }
      step.push(place);
      depth = place.path.length;
    }
    return this.#evaluate(tokens, step);
  }

  /** Scores places of which each continues the one before; false when the signal has fired. */
  async #evaluate(prompt: Token[], places: readonly Place[]): Promise<boolean> {
    const [first] = places;
    if (this.#signal.aborted || first === undefined) return !this.#signal.aborted;
    // A place is scored by evaluating the token before it: for the first one, the last token of the prompt.
    const known = [...prompt, ...first.path];
    await this.#hold(known.slice(0, -1), known.length - 1);
    if (this.#signal.aborted) return false;
    const items = places.map(({ path, node }) => this.#toItem(path.at(-1) ?? (known.at(-1) as Token), node));
    const outputs = await this.#sequence.controlledEvaluate(items, { evaluationPriority: this.#priority });
    this.#count += items.length;
    for (const [index, { node }] of places.entries()) node.scores = this.#toScores(outputs[index]?.next);
    return true;
  }

  /** Asks for the logits of what may follow, and for the largest one: greedy sampling selects it. */
  #toItem(token: Token, { children, ends }: OptionNode): ControlledEvaluateInputItem {
    const tokens = [...children.keys(), ...(ends ? this.#ends : [])];
    const logits = { filter: { tokens, includeSelected: true } };
    return [token, { generateNext: { logits, totalLogitWeight: true, options: { temperature: 0 } } }];
  }

  #toScores(next: { logits?: Map<Token, number>; totalLogitWeight?: number } | undefined): NodeScores {
    const logits = next?.logits ?? new Map<Token, number>();
    const all = Math.max(...logits.values()) + Math.log(next?.totalLogitWeight ?? Number.NaN);
    const scores = new Map([...logits].map(([token, logit]) => [token, logit - all]));
    if (this.#ends.length === 0) return { next: scores, end: 0 };
    const end = this.#ends.reduce((sum, token) => sum + Math.exp(scores.get(token) ?? Number.NEGATIVE_INFINITY), 0);
    return { next: scores, end: Math.log(end) };
  }
}
