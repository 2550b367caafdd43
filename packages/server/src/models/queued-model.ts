import type {
  DecideRequest,
  Decider,
  Decisions,
  Embedder,
  Embeddings,
  EmbedRequest,
  EngineCapabilities,
  EngineEvent,
  GenerateRequest,
  LoadedModel,
  ReadPrompt,
} from '@latchkey/engine';
import { ServerError } from '../contracts/server-error.ts';
import type { TurnTimes } from '../telemetry/metrics.ts';
import { fromEngine } from './engine-failure.ts';
import { EventQueue } from './event-queue.ts';
import { FairQueue } from './fair-queue.ts';

/** How many prompts are counted at once: one is rendered while another is tokenised. */
const COUNTING_PLACES = 2;

type OnTurn = (times: Omit<TurnTimes, 'model'>) => void;

/**
 * A model with a queue in front of it; it throws ServerErrors. A turn's place is free as soon as the engine has
 * finished the turn, even if its events are read slowly or not at all.
 */
export class QueuedModel implements LoadedModel {
  readonly #model: LoadedModel;
  readonly #queue: FairQueue;
  /** Counting a long prompt takes time as well, and is not part of any turn. */
  readonly #counting: FairQueue;
  readonly #gone = new AbortController();
  readonly #onTurn: OnTurn;
  readonly embedder: Embedder | undefined;
  readonly decider: Decider | undefined;

  /** @param waiting how many turns may wait */
  constructor(model: LoadedModel, waiting: number, onTurn: OnTurn = () => undefined) {
    this.#model = model;
    this.#onTurn = onTurn;
    this.#queue = new FairQueue({ places: model.parallel, waiting });
    this.#counting = new FairQueue({ places: COUNTING_PLACES, waiting });
    model.onLost((reason) => this.#gone.abort(fromEngine(reason)));
    const { decider, embedder } = model;
    this.embedder = embedder && {
      ...(embedder.mostInputs === undefined ? {} : { mostInputs: embedder.mostInputs }),
      embed: (request, signal) => this.#embed(embedder, request, signal),
      count: (request, signal) => this.#count(request, () => embedder.count(request, signal), signal),
    };
    this.decider = decider && {
      decide: (request, signal) => this.#decide(decider, request, signal),
      count: (request, signal) => this.#count(request, () => decider.count(request, signal), signal),
    };
  }

  get contextLength(): number {
    return this.#model.contextLength;
  }

  get parallel(): number {
    return this.#model.parallel;
  }

  get device(): string {
    return this.#model.device;
  }

  get capabilities(): EngineCapabilities {
    return this.#model.capabilities;
  }

  get pid(): number | undefined {
    return this.#model.pid;
  }

  /** Throws ServerError `OVERLOADED` when too many turns are waiting, and otherwise as the engine does. */
  async *generate(request: GenerateRequest, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const leaving = new AbortController();
    const stop = AbortSignal.any([signal, leaving.signal]);
    const askedAt = performance.now();
    const place = await this.#queue.enter(request.share, AbortSignal.any([signal, this.#gone.signal]));
    if (place === undefined) {
      if (signal.aborted) return;
      throw this.#gone.signal.reason;
    }
    const enteredAt = performance.now();
    let firstTokenSeconds: number | undefined;
    const events = new EventQueue<EngineEvent>();
    const run = async (): Promise<void> => {
      using running = place;
      const used = new TokensSoFar();
      try {
        for await (const event of this.#model.generate(request, stop)) {
          running.charge(used.after(event));
          if (event.type === 'finish') firstTokenSeconds = event.timeToFirstTokenSeconds;
          events.push(event);
        }
        events.end();
      } catch (error) {
        events.fail(fromEngine(error));
      }
    };
    const ran = run();
    try {
      yield* events;
    } finally {
      leaving.abort();
      await ran;
      this.#onTurn({
        waitedSeconds: (enteredAt - askedAt) / 1000,
        seconds: (performance.now() - enteredAt) / 1000,
        ...(firstTokenSeconds === undefined ? {} : { firstTokenSeconds }),
      });
    }
  }

  /** Throws ServerError `OVERLOADED` when too many prompts wait to be counted, and otherwise as the engine does. */
  async countPrompt(request: GenerateRequest, signal: AbortSignal): Promise<number> {
    return this.#count(request, () => this.#model.countPrompt(request, signal), signal);
  }

  /** Present where the engine of the model has it; throws ServerError as `countPrompt` does. */
  get readPrompt(): LoadedModel['readPrompt'] {
    if (this.#model.readPrompt === undefined) return undefined;
    return async (request, signal) => {
      let read: ReadPrompt | undefined;
      const count = async (): Promise<number> => {
        read = await this.#model.readPrompt?.(request, signal);
        return read?.tokens.length ?? 0;
      };
      await this.#count(request, count, signal);
      return read ?? { text: '', tokens: [] };
    };
  }

  async #count(
    { share }: Pick<GenerateRequest, 'share'>,
    count: () => Promise<number>,
    signal: AbortSignal,
  ): Promise<number> {
    using place = await this.#counting.enter(share, AbortSignal.any([signal, this.#gone.signal]));
    if (place === undefined) {
      signal.throwIfAborted();
      throw this.#gone.signal.reason;
    }
    const tokens = await orServerError(count());
    place.charge(tokens);
    return tokens;
  }

  #embed(embedder: Embedder, request: EmbedRequest, signal: AbortSignal): Promise<Embeddings> {
    const nothing = { vectors: [], promptTokens: 0 };
    return this.#read(request, () => embedder.embed(request, signal), nothing, signal);
  }

  #decide(decider: Decider, request: DecideRequest, signal: AbortSignal): Promise<Decisions> {
    const nothing = { probabilities: [], promptTokens: 0, cachedTokens: 0 };
    return this.#read(request, () => decider.decide(request, signal), nothing, signal);
  }

  /** Has the model read in a place of a turn. A caller that leaves while it waits has used nothing. */
  async #read<T extends { readonly promptTokens: number }>(
    { share }: Pick<GenerateRequest, 'share'>,
    read: () => Promise<T>,
    nothing: T,
    signal: AbortSignal,
  ): Promise<T> {
    const askedAt = performance.now();
    const place = await this.#queue.enter(share, AbortSignal.any([signal, this.#gone.signal]));
    if (place === undefined) {
      if (signal.aborted) return nothing;
      throw this.#gone.signal.reason;
    }
    const enteredAt = performance.now();
    try {
      using running = place;
      const result = await orServerError(read());
      running.charge(result.promptTokens);
      return result;
    } finally {
      this.#onTurn({
        waitedSeconds: (enteredAt - askedAt) / 1000,
        seconds: (performance.now() - enteredAt) / 1000,
      });
    }
  }

  onLost(listener: (reason: Error) => void): Disposable {
    return this.#model.onLost(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gone.abort(
      new ServerError('MODEL_UNLOADED', 'The model was unloaded while the request waited for its turn. Try again.'),
    );
    await this.#model[Symbol.asyncDispose]();
  }
}

async function orServerError<T>(outcome: Promise<T>): Promise<T> {
  try {
    return await outcome;
  } catch (error) {
    throw fromEngine(error);
  }
}

/** Counts the tokens of a turn. Until the engine reports its own count, a piece of text counts as one token. */
class TokensSoFar {
  #tokens = 0;

  after(event: EngineEvent): number {
    if (event.type === 'prompt.progress') this.#tokens = Math.max(this.#tokens, event.processed);
    else if (event.type === 'finish' || event.type === 'interrupted') {
      this.#tokens = event.usage.promptTokens + event.usage.outputTokens;
    } else this.#tokens += 1;
    return this.#tokens;
  }
}
