import { Worker } from 'node:worker_threads';
import { EngineError } from '@latchkey/engine';
import type { FormatSource } from '../formats/choose-format.ts';
import type { DecisionSource, DecisionText } from '../formats/decision-text.ts';
import type { PromptSource, PromptText } from '../formats/prompt-text.ts';
import type { RawPromptSource } from '../formats/raw-prompt.ts';
import { fromTransportedError, toTransportedError } from '../transported-error.ts';
import type { FormatFacts, PromptJob, PromptOutcome, ThreadReady } from './prompt-worker.ts';

/** How long a template may take for one conversation, and how much memory. */
const RENDER_MILLISECONDS = 5000;
const HEAP_MEGABYTES = 512;
/** How long the thread itself may take to start, independent of any template. */
const START_MILLISECONDS = 60_000;

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
const WORKER = new URL(`./prompt-worker.${extension}`, import.meta.url);

const tooMuch = (): EngineError =>
  new EngineError(
    'UNSUPPORTED_INPUT',
    "The model's chat template takes too long or too much memory for this conversation. Shorten it.",
  );

/**
 * A thread in which templates are rendered. Templates are untrusted, run over untrusted texts, and cannot be stopped
 * from within. When one takes too long or too much memory, its thread is terminated, and the next conversation gets a
 * new thread. Conversations are rendered one after the other.
 */
export class PromptThread implements AsyncDisposable {
  readonly #milliseconds: number;
  #worker: Worker | undefined;
  #choice: PromptJob | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(milliseconds: number = RENDER_MILLISECONDS) {
    this.#milliseconds = milliseconds;
  }

  /** Sets the format for all following conversations. Throws EngineError `UNSUPPORTED_INPUT`. */
  async choose(source: FormatSource, specialTexts: readonly string[]): Promise<FormatFacts> {
    const choice: PromptJob = { type: 'choose', source, specialTexts };
    const outcome = await this.#inTurn(() => this.#run(choice));
    if (outcome.type !== 'chosen') throw failureOf(outcome);
    this.#choice = choice;
    return outcome.facts;
  }

  /** Writes a conversation's prompt; undefined when `signal` fires. Throws EngineError as `writePrompt` does. */
  prepare(
    { messages, tools, toolChoice, reasoning, responseSchema, responseSchemaIsStrict }: PromptSource,
    signal: AbortSignal,
  ): Promise<PromptText | undefined> {
    const request: PromptSource = {
      messages,
      tools,
      toolChoice,
      ...(reasoning === undefined ? {} : { reasoning }),
      ...(responseSchema === undefined ? {} : { responseSchema }),
      ...(responseSchemaIsStrict === undefined ? {} : { responseSchemaIsStrict }),
    };
    return this.#writePrompt({ type: 'write', request }, signal);
  }

  /** Writes a prompt without a template; undefined when `signal` fires. Throws EngineError as `writeRawPrompt` does. */
  prepareRaw(prompt: RawPromptSource, signal: AbortSignal): Promise<PromptText | undefined> {
    return this.#writePrompt({ type: 'write-raw', prompt }, signal);
  }

  /** Writes a question about a state; undefined when `signal` fires. Throws EngineError as `writeDecision` does. */
  async prepareDecision(decision: DecisionSource, signal: AbortSignal): Promise<DecisionText | undefined> {
    const outcome = await this.#write({ type: 'write-decision', decision }, signal);
    if (outcome === undefined) return undefined;
    if (outcome.type !== 'decision') throw failureOf(outcome);
    return outcome.text;
  }

  async #writePrompt(job: PromptJob, signal: AbortSignal): Promise<PromptText | undefined> {
    const outcome = await this.#write(job, signal);
    if (outcome === undefined) return undefined;
    if (outcome.type !== 'written') throw failureOf(outcome);
    return outcome.text;
  }

  async #write(job: PromptJob, signal: AbortSignal): Promise<PromptOutcome | undefined> {
    const left = Promise.withResolvers<undefined>();
    const leave = (): void => left.resolve(undefined);
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    const writing = this.#inTurn(async () => {
      if (signal.aborted) return undefined;
      if (this.#worker === undefined && this.#choice !== undefined) await this.#run(this.#choice);
      return this.#run(job);
    });
    try {
      return await Promise.race([writing, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const next = this.#last.then(step);
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #run(job: PromptJob): Promise<PromptOutcome> {
    const worker = this.#worker ?? (await this.#start());
    const result = worker && (await hear(worker, this.#milliseconds, () => worker.postMessage(job)));
    if (result !== undefined && result.type !== 'ready') return result;
    await this.#end();
    return { type: 'failed', error: toTransportedError(tooMuch()) };
  }

  /** Starts the thread; undefined when it does not start. */
  async #start(): Promise<Worker | undefined> {
    const worker = new Worker(WORKER, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES }, stdin: false });
    worker.unref();
    this.#worker = worker;
    return (await hear(worker, START_MILLISECONDS)) === undefined ? undefined : worker;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    worker?.on('error', () => {});
    await worker?.terminate();
  }
}

/** The thread's next message; undefined when it takes too long, fails or ends. */
async function hear(
  worker: Worker,
  milliseconds: number,
  ask: () => void = () => {},
): Promise<PromptOutcome | ThreadReady | undefined> {
  const { promise, resolve } = Promise.withResolvers<PromptOutcome | ThreadReady | undefined>();
  const giveUp = (): void => resolve(undefined);
  worker.once('message', resolve).once('error', giveUp).once('exit', giveUp);
  const timer = setTimeout(giveUp, milliseconds);
  ask();
  const said = await promise;
  clearTimeout(timer);
  worker.off('message', resolve).off('error', giveUp).off('exit', giveUp);
  return said;
}

function failureOf(outcome: PromptOutcome): Error {
  return outcome.type === 'failed'
    ? fromTransportedError(outcome.error)
    : new Error('the thread answered another question');
}
