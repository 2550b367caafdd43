import { type Embedder, type Embeddings, type EmbedRequest, EngineError } from '@latchkey/engine';
import type { EngineProcess } from './engine-process.ts';
import type { EngineCommand, EngineReport } from './protocol.ts';
import { fromTransportedError } from './transported-error.ts';

/** What an embedder shares with its model. */
export interface RemoteEmbedderOptions {
  readonly process: EngineProcess;
  readonly parallel: number;
  readonly nextId: () => number;
  /** Why the model is gone; undefined while it is there. */
  readonly lost: () => EngineError | undefined;
  readonly count: (toCommand: (id: number) => EngineCommand, signal: AbortSignal) => Promise<number>;
}

interface Running {
  readonly vectors: Float32Array[];
  readonly end: PromiseWithResolvers<number>;
}

/** The server's side of a model in a separate process that makes embeddings. */
export class RemoteEmbedder implements Embedder {
  readonly #options: RemoteEmbedderOptions;
  readonly #running = new Map<number, Running>();

  constructor(options: RemoteEmbedderOptions) {
    this.#options = options;
  }

  async embed(request: EmbedRequest, signal: AbortSignal): Promise<Embeddings> {
    const { process, parallel, nextId, lost } = this.#options;
    if (signal.aborted) return { vectors: [], promptTokens: 0 };
    const gone = lost();
    if (gone !== undefined) throw gone;
    if (this.#running.size >= parallel) {
      throw new EngineError('OVERLOADED', `The model runs ${parallel} requests already.`);
    }
    const id = nextId();
    const running: Running = { vectors: [], end: Promise.withResolvers() };
    this.#running.set(id, running);
    using _work = process.work();
    process.send({ type: 'embed', id, request });
    const abort = (): void => process.send({ type: 'abort', id });
    signal.addEventListener('abort', abort, { once: true });
    try {
      const promptTokens = await running.end.promise;
      return { vectors: running.vectors.filter((vector) => vector !== undefined), promptTokens };
    } finally {
      signal.removeEventListener('abort', abort);
      this.#running.delete(id);
    }
  }

  count(request: EmbedRequest, signal: AbortSignal): Promise<number> {
    return this.#options.count((id) => ({ type: 'count-inputs', id, request }), signal);
  }

  /** To be called with every report of the process. */
  receive(report: EngineReport): void {
    if (report.type !== 'embed.vector' && report.type !== 'embed.end') return;
    const running = this.#running.get(report.id);
    if (running === undefined) return;
    if (report.type === 'embed.vector') running.vectors[report.index] = toVector(report.vector);
    else if (report.error === undefined) running.end.resolve(report.promptTokens);
    else running.end.reject(fromTransportedError(report.error));
  }

  /** Fails what runs. */
  fail(reason: EngineError): void {
    for (const { end } of this.#running.values()) end.reject(reason);
  }
}

function toVector(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}
