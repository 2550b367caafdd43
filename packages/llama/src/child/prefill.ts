import type { EvaluationPriority, LlamaContextSequence, Token } from 'node-llama-cpp';

/** The target time for one piece of a prompt. An abort takes effect between two pieces. */
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
 * Evaluates a prompt in pieces whose size adapts to the model's speed. The library cannot stop within a piece, so
 * `signal` is checked between them; the sequence then contains the evaluated pieces.
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
