import type { EvaluationPriority, LlamaContextSequence, Token } from 'node-llama-cpp';

/** A piece of prompt should take about this long: an abort is noticed between two of them. */
const PIECE_MILLISECONDS = 250;
const FIRST_PIECE = 64;
const SMALLEST_PIECE = 16;

/** How a prompt is evaluated. */
export interface PrefillOptions {
  readonly priority: EvaluationPriority;
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly onProgress: (evaluated: number) => void;
  readonly now?: () => number;
}

/**
 * Evaluates a prompt in pieces whose size follows the model's speed. The library can't stop within a piece, so this
 * looks at `signal` between them; the sequence then holds the pieces that were done.
 */
export async function prefill(
  sequence: LlamaContextSequence,
  tokens: readonly Token[],
  { priority, batchSize, signal, onProgress, now = performance.now.bind(performance) }: PrefillOptions,
): Promise<void> {
  let size = Math.min(FIRST_PIECE, batchSize);
  for (let done = 0; done < tokens.length && !signal.aborted; ) {
    const piece = tokens.slice(done, done + size);
    const started = now();
    await sequence.evaluateWithoutGeneratingNewTokens(piece, { evaluationPriority: priority });
    const fitting = (piece.length * PIECE_MILLISECONDS) / Math.max(1, now() - started);
    size = Math.round(Math.min(batchSize, Math.max(SMALLEST_PIECE, fitting)));
    done += piece.length;
    onProgress(done);
  }
  if (!signal.aborted && sequence.needsCheckpoints) await sequence.takeCheckpoint();
}
