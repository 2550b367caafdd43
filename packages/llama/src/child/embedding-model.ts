import { type EmbeddingInput, EngineError } from '@latchkey/engine';
import type { LlamaEmbeddingContext, LlamaModel, Token } from 'node-llama-cpp';
import { cutForTokenizer } from '../formats/prompt-pieces.ts';
import { SpecialTexts } from '../formats/special-texts.ts';
import type { LoadCommand } from '../protocol.ts';
import { attempt } from './load-failure.ts';
import type { OpenModelFile } from './model-file.ts';
import { requireTokens } from './require-tokens.ts';
import { vocabularySizeOf } from './vocabulary.ts';

/** No tokenizer makes fewer tokens than a sixteenth of a text's bytes, except for very short texts. */
const BYTES_PER_TOKEN = 16;
const SHORT_TEXT = 256;
/** The texts of special tokens count as text. */
const NO_SPECIALS = new SpecialTexts([]);

/**
 * A model in this process that makes embeddings. The library computes one input at a time for each context, so the
 * model has several: the first when it is loaded, the others when they are needed and memory allows.
 */
export class EmbeddingModel {
  readonly contextLength: number;
  readonly device: string;
  /** How many inputs are computed at once. */
  readonly parallel: number;
  readonly #file: OpenModelFile;
  readonly #vocabularySize: number;
  /** The tokens that are added to every input. */
  readonly #added: number;
  readonly #contexts: LlamaEmbeddingContext[];
  readonly #free: LlamaEmbeddingContext[];
  readonly #waiting: ((context: LlamaEmbeddingContext) => void)[] = [];
  #most: number;

  private constructor(file: OpenModelFile, { parallel }: LoadCommand, length: number, first: LlamaEmbeddingContext) {
    this.#file = file;
    this.device = file.device;
    this.contextLength = length;
    this.parallel = parallel;
    this.#most = parallel;
    this.#vocabularySize = vocabularySizeOf(file.file);
    const [sample] = file.model.iterateAllTokens();
    this.#added = sample === undefined ? 0 : first.calculateInputLength([sample]) - 1;
    this.#contexts = [first];
    this.#free = [first];
  }

  /** Throws LoadFailure. */
  static async load(file: OpenModelFile, options: LoadCommand): Promise<EmbeddingModel> {
    const length = Math.min(options.contextLength, file.model.trainContextSize);
    const first = await attempt(
      () => createContext(file.model, length, file.threads),
      `The model was read, but there was no room for inputs of ${length} tokens.`,
      'MODEL_UNAVAILABLE',
    );
    return new EmbeddingModel(file, options, length, first);
  }

  /**
   * The tokens of an input, without those that are added to every input: a text is tokenised in pieces, at most one
   * piece beyond the room, so that other work is not blocked. Throws EngineError `INVALID_REQUEST` for a token that the
   * vocabulary lacks, `CONTEXT_EXCEEDED` for an input that is too long, and the reason of `signal` when it fires.
   */
  async tokensOf(input: EmbeddingInput, tooLong: 'refuse' | 'cut', signal: AbortSignal): Promise<Token[]> {
    const room = this.contextLength - this.#added;
    const tokens =
      typeof input === 'string'
        ? await this.#tokenize(input, tooLong, room, signal)
        : requireTokens(input, this.#vocabularySize, 'inputs');
    if (tokens.length <= room) return tokens;
    if (tooLong === 'cut') return tokens.slice(0, room);
    throw this.#exceeded(`at least ${tokens.length + this.#added} tokens`);
  }

  lengthOf(tokens: readonly Token[]): number {
    return tokens.length + this.#added;
  }

  /** The vector of an input, of length 1. */
  async embed(tokens: readonly Token[]): Promise<Float32Array> {
    const context = await this.#take();
    try {
      const { vector } = await context.getEmbeddingFor(this.#something(tokens));
      return normalized(vector);
    } finally {
      this.#give(context);
    }
  }

  async dispose(): Promise<void> {
    await this.#file.model.dispose();
    await this.#file.llama.dispose();
  }

  async #tokenize(text: string, tooLong: 'refuse' | 'cut', room: number, signal: AbortSignal): Promise<Token[]> {
    const most = this.contextLength * BYTES_PER_TOKEN + SHORT_TEXT;
    if (tooLong === 'refuse' && Buffer.byteLength(text) > most) throw this.#exceeded(`more than ${most} bytes`);
    const tokens: Token[] = [];
    for (const { text: piece, continues } of cutForTokenizer([text.slice(0, most)], NO_SPECIALS)) {
      tokens.push(...this.#file.model.tokenize(piece, false, continues ? 'trimLeadingSpace' : undefined));
      if (tokens.length > room) break;
      await new Promise(setImmediate);
      signal.throwIfAborted();
    }
    return tokens;
  }

  /** The library computes nothing for a text without tokens; the tokens that are added to it have a vector, too. */
  #something(tokens: readonly Token[]): Token[] {
    if (tokens.length > 0) return [...tokens];
    const { bos, eos } = this.#file.model.tokens;
    const token = bos ?? eos;
    if (token !== null) return [token];
    throw new EngineError('INVALID_REQUEST', 'An input has no text.', { field: 'inputs' });
  }

  #exceeded(what: string): EngineError {
    return new EngineError(
      'CONTEXT_EXCEEDED',
      `An input has ${what}; the model takes ${this.contextLength}. Split it.`,
      { field: 'inputs' },
    );
  }

  async #take(): Promise<LlamaEmbeddingContext> {
    const free = this.#free.pop() ?? (await this.#another());
    if (free !== undefined) return free;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async #another(): Promise<LlamaEmbeddingContext | undefined> {
    if (this.#contexts.length >= this.#most) return undefined;
    this.#most -= 1;
    try {
      const context = await createContext(this.#file.model, this.contextLength, this.#file.threads);
      this.#most += 1;
      this.#contexts.push(context);
      return context;
    } catch {
      // There is no memory for more.
      return this.#free.pop();
    }
  }

  #give(context: LlamaEmbeddingContext): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(context);
    else next(context);
  }
}

/** An input must be shorter than the context, and is computed as one batch. */
const createContext = (model: LlamaModel, length: number, threads: number): Promise<LlamaEmbeddingContext> =>
  model.createEmbeddingContext({ contextSize: length + 1, batchSize: length + 1, threads });

function normalized(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  if (!Number.isFinite(length)) throw new EngineError('INTERNAL', 'The model computed a vector that is not a number.');
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}
