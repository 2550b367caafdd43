import type { GenerateRequest, ReadPrompt } from '@latchkey/engine';
import type { EngineReport, TransportedError } from '../protocol.ts';
import { toTransportedError } from '../transported-error.ts';
import { EventSender } from './event-sender.ts';
import { generate } from './generate.ts';
import type { NativeModel } from './native-model.ts';
import { buildPrompt, exceeded } from './prompt.ts';

/** Runs the generations that the server's process requests, and reports their events. */
export class GenerationHost {
  readonly #model: NativeModel;
  readonly #report: (report: EngineReport) => void;
  readonly #running = new Map<number, AbortController>();

  constructor(model: NativeModel, report: (report: EngineReport) => void) {
    this.#model = model;
    this.#report = report;
  }

  async run(id: number, request: GenerateRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    const sender = new EventSender((events) => this.#report({ type: 'generation.events', id, events }));
    let failure: TransportedError | undefined;
    try {
      await generate(this.#model, request, controller.signal, (event) => sender.push(event));
    } catch (error) {
      failure = toTransportedError(error);
    }
    sender.flush();
    this.#running.delete(id);
    this.#report({ type: 'generation.end', id, ...(failure === undefined ? {} : { error: failure }) });
  }

  /** Reports how many tokens the prompt of a request has. For one beyond the context, the number is a lower bound. */
  async count(id: number, request: GenerateRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    let outcome: number | TransportedError;
    try {
      const prompt = await buildPrompt(this.#model, request, this.#model.contextLength, controller.signal);
      outcome = prompt?.tokens.length ?? 0;
    } catch (error) {
      outcome = toTransportedError(error);
    }
    this.#running.delete(id);
    this.#report({ type: 'count.end', id, outcome });
  }

  /** Reports the prompt of a request as the model reads it. */
  async read(id: number, request: GenerateRequest): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    let outcome: ReadPrompt | TransportedError;
    try {
      const limit = this.#model.contextLength;
      const { tokens = [], text = '' } = (await buildPrompt(this.#model, request, limit, controller.signal)) ?? {};
      outcome = tokens.length > limit ? toTransportedError(exceeded(tokens.length, limit)) : { tokens, text };
    } catch (error) {
      outcome = toTransportedError(error);
    }
    this.#running.delete(id);
    this.#report({ type: 'read.end', id, outcome });
  }

  abort(id: number): void {
    this.#running.get(id)?.abort();
  }

  async dispose(): Promise<void> {
    for (const controller of this.#running.values()) controller.abort();
    await this.#model.dispose();
  }
}
