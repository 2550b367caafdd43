import type { DecideRequest, Decisions, GenerateRequest, ReadPrompt } from '@latchkey/engine';
import type { EngineReport, TransportedError } from '../protocol.ts';
import { toTransportedError } from '../transported-error.ts';
import { decide } from './decide.ts';
import { buildDecision } from './decision-prompt.ts';
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
    const outcome = await this.#answer<number>(id, async (signal) => {
      const prompt = await buildPrompt(this.#model, request, this.#model.contextLength, signal);
      return prompt?.tokens.length ?? 0;
    });
    this.#report({ type: 'count.end', id, outcome });
  }

  /** Reports the prompt of a request as the model reads it. */
  async read(id: number, request: GenerateRequest): Promise<void> {
    const outcome = await this.#answer<ReadPrompt>(id, async (signal) => {
      const limit = this.#model.contextLength;
      const { tokens = [], text = '' } = (await buildPrompt(this.#model, request, limit, signal)) ?? {};
      if (tokens.length > limit) throw exceeded(tokens.length, limit);
      return { tokens, text };
    });
    this.#report({ type: 'read.end', id, outcome });
  }

  /** Answers the questions of a request, and reports how probable the answers are. */
  async decide(id: number, request: DecideRequest): Promise<void> {
    const outcome = await this.#answer<Decisions>(id, (signal) => decide(this.#model, request, signal));
    this.#report({ type: 'decide.end', id, outcome });
  }

  /** Reports how many tokens the questions of a request have. */
  async countDecision(id: number, request: DecideRequest): Promise<void> {
    const outcome = await this.#answer<number>(id, async (signal) => {
      return (await buildDecision(this.#model, request, signal))?.total ?? 0;
    });
    this.#report({ type: 'count.end', id, outcome });
  }

  /** Runs what is reported once; a failure is an outcome, too. */
  async #answer<T>(id: number, run: (signal: AbortSignal) => Promise<T>): Promise<T | TransportedError> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      return await run(controller.signal);
    } catch (error) {
      return toTransportedError(error);
    } finally {
      this.#running.delete(id);
    }
  }

  abort(id: number): void {
    this.#running.get(id)?.abort();
  }

  async dispose(): Promise<void> {
    for (const controller of this.#running.values()) controller.abort();
    await this.#model.dispose();
  }
}
