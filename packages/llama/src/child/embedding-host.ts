import type { EmbedRequest } from '@latchkey/engine';
import type { EngineReport, TransportedError } from '../protocol.ts';
import { toTransportedError } from '../transported-error.ts';
import type { EmbeddingModel } from './embedding-model.ts';

/** Computes the embeddings that the server's process requests, and reports each as soon as it is finished. */
export class EmbeddingHost {
  readonly #model: EmbeddingModel;
  readonly #report: (report: EngineReport) => void;
  readonly #running = new Map<number, AbortController>();

  constructor(model: EmbeddingModel, report: (report: EngineReport) => void) {
    this.#model = model;
    this.#report = report;
  }

  async embed(id: number, request: EmbedRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    let promptTokens = 0;
    let failure: TransportedError | undefined;
    try {
      await this.#read(request, controller.signal, (index, vector, tokens) => {
        promptTokens += tokens;
        this.#report({ type: 'embed.vector', id, index, vector });
      });
    } catch (error) {
      if (!controller.signal.aborted) failure = toTransportedError(error);
      controller.abort();
    }
    this.#running.delete(id);
    this.#report({ type: 'embed.end', id, promptTokens, ...(failure === undefined ? {} : { error: failure }) });
  }

  /** Reports how many tokens the inputs of a request have. */
  async count(id: number, { inputs, tooLong }: EmbedRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    let outcome: number | TransportedError = 0;
    try {
      for (const input of inputs) {
        outcome += this.#model.lengthOf(await this.#model.tokensOf(input, tooLong, controller.signal));
      }
    } catch (error) {
      outcome = toTransportedError(error);
    }
    this.#running.delete(id);
    this.#report({ type: 'count.end', id, outcome });
  }

  abort(id: number): void {
    this.#running.get(id)?.abort();
  }

  async dispose(): Promise<void> {
    for (const controller of this.#running.values()) controller.abort();
    await this.#model.dispose();
  }

  /** All inputs are tokenised before the first is computed, so that a request that is refused costs nothing. */
  async #read(
    { inputs, tooLong }: EmbedRequest,
    signal: AbortSignal,
    done: (index: number, vector: string, tokens: number) => void,
  ): Promise<void> {
    const all = [];
    for (const input of inputs) {
      all.push(await this.#model.tokensOf(input, tooLong, signal));
      signal.throwIfAborted();
    }
    const rest = all.entries();
    const work = async (): Promise<void> => {
      for (const [index, tokens] of rest) {
        if (signal.aborted) return;
        const vector = await this.#model.embed(tokens);
        done(index, Buffer.from(vector.buffer).toString('base64'), this.#model.lengthOf(tokens));
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#model.parallel, all.length) }, work));
  }
}
