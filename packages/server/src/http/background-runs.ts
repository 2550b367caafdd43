import type { ChatAnswer, WireEvent } from '../contracts/chat-dialect.ts';
import type { ChatEvent, ChatResult } from '../contracts/chat-event.ts';
import type { TurnScope } from '../contracts/conversation-store.ts';
import type { RequestContext } from './request-context.ts';

/** How long the events of a response can be read after its end. */
const KEPT_MILLISECONDS = 600_000;
/** The most characters of events that are kept of responses that have ended. */
const MOST_CHARACTERS = 32 * 1_048_576;

/** What a response in the background consists of. */
export interface NewRun {
  /** Opens the chat. Throws what refuses it. */
  readonly open: (signal: AbortSignal) => Promise<AsyncIterable<ChatEvent>>;
  readonly answering: ChatAnswer;
  /** Called with the result before the last events are shown; must not reject. */
  readonly keep: (result: ChatResult) => Promise<void>;
}

/**
 * A response that goes on without its caller. It ends with its token and with its server, and keeps its events, so that
 * each reader may begin where it was interrupted.
 */
export class BackgroundRun {
  hasEnded = false;
  /** Whether it is in the store: it is from the moment when the model takes its prompt, until it is deleted. */
  wasStored = false;
  characters = 0;
  readonly #answering: ChatAnswer;
  readonly #events: WireEvent[] = [];
  readonly #cancelling = new AbortController();
  readonly #over = Promise.withResolvers<void>();
  /** Resolves when it has ended. */
  readonly over = this.#over.promise;
  readonly #principal: RequestContext['auth']['principal'];
  #more = Promise.withResolvers<void>();

  private constructor(context: RequestContext, answering: ChatAnswer) {
    this.#principal = context.auth.principal;
    this.#answering = answering;
  }

  /** Begins a response; resolves with its id when it has one. */
  static async begin(context: RequestContext, { open, answering, keep }: NewRun): Promise<[string, BackgroundRun]> {
    const run = new BackgroundRun(context, answering);
    const said = await open(AbortSignal.any([context.ended, run.#cancelling.signal]));
    const started = Promise.withResolvers<string>();
    run
      .#read(said, keep, started.resolve)
      .catch((error: unknown) => {
        context.logger.error({ err: error }, 'a response in the background failed');
        started.reject(error);
      })
      .finally(() => run.#end());
    return [await started.promise, run];
  }

  /** Whether a caller may read it, as it may read stored responses. */
  isIn({ owner, madeBy, project }: TurnScope): boolean {
    const { rootId, chain, id, project: own = null } = this.#principal;
    const isOwn = rootId === owner && (project === undefined || project === own);
    return isOwn && (madeBy === undefined || [...chain, id].includes(madeBy));
  }

  /** The response as it is now. */
  current(): unknown {
    return this.#answering.renderKept?.();
  }

  /** Its events as frames, as they come, after event number `after`. Ends when the signal fires. */
  async *follow(signal: AbortSignal, toFrame: (event: WireEvent) => string, after = -1): AsyncGenerator<string> {
    const left = Promise.withResolvers<void>();
    signal.addEventListener('abort', () => left.resolve(), { once: true });
    for (let next = after + 1; !signal.aborted; next += 1) {
      while (next >= this.#events.length && !this.hasEnded && !signal.aborted) {
        await Promise.race([this.#more.promise, left.promise]);
      }
      const event = this.#events[next];
      if (event === undefined || signal.aborted) return;
      yield toFrame(event);
    }
  }

  /** Ends it, unless it has ended. Resolves when it has. */
  async cancel(): Promise<void> {
    if (!this.hasEnded) {
      this.#answering.cancel?.();
      this.#cancelling.abort(new Error('the response was cancelled'));
    }
    await this.over;
  }

  async #read(said: AsyncIterable<ChatEvent>, keep: NewRun['keep'], started: (id: string) => void): Promise<void> {
    for await (const event of said) {
      this.wasStored ||= event.type === 'prompt.start' || event.type.startsWith('tool_call.');
      const shown = this.#answering.renderEvent(event);
      if (event.type === 'chat.end') await keep(event.result);
      for (const one of shown) {
        this.#events.push(one);
        this.characters += one.data.length;
      }
      if (event.type === 'chat.start') started(event.responseId ?? '');
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    }
  }

  #end(): void {
    this.hasEnded = true;
    this.#more.resolve();
    this.#over.resolve();
  }
}

/** The responses that go on without their callers on this server, and those that have ended a short while ago. */
export class BackgroundRuns {
  readonly #runs = new Map<string, BackgroundRun>();

  /** Begins one. Throws what refuses it. */
  async begin(context: RequestContext, asked: NewRun): Promise<BackgroundRun> {
    const [id, run] = await BackgroundRun.begin(context, asked);
    this.#runs.set(id, run);
    void run.over.then(() => {
      setTimeout(() => this.#runs.delete(id), KEPT_MILLISECONDS).unref();
      this.#forgetOldest();
    });
    return run;
  }

  /** Undefined for a response that the caller may not read, and one that does not run here. */
  find(id: string, scope: TurnScope): BackgroundRun | undefined {
    const run = this.#runs.get(id);
    return run?.isIn(scope) ? run : undefined;
  }

  /** Ends a response that was deleted. */
  async forget(id: string, scope: TurnScope): Promise<void> {
    const run = this.find(id, scope);
    if (run === undefined) return;
    this.#runs.delete(id);
    await run.cancel();
  }

  #forgetOldest(): void {
    const ended = [...this.#runs].filter(([, { hasEnded }]) => hasEnded);
    let characters = ended.reduce((sum, [, run]) => sum + run.characters, 0);
    for (const [id, run] of ended) {
      if (characters <= MOST_CHARACTERS) return;
      characters -= run.characters;
      this.#runs.delete(id);
    }
  }
}
