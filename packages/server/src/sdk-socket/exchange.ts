import { Readable } from 'node:stream';
import type { App } from '../http/app.ts';
import type { Reply } from '../http/reply.ts';
import type { Connection, ExchangeEnd, IncomingRequest } from '../http/request.ts';

/** What all requests of a connection have in common. */
export interface ExchangeOrigin {
  readonly app: App;
  readonly connection: Connection;
  /** Name, value, name, value. */
  readonly rawHeaders: readonly string[];
}

/** One request of a connection on its way through the steps, as if it had come by HTTP. */
export class Exchange {
  readonly #listeners: ((end: ExchangeEnd) => void)[] = [];
  readonly #cancelling = new AbortController();
  readonly #over = Promise.withResolvers<void>();
  #status = 0;
  #ended: ExchangeEnd | undefined;

  /** Answers `POST target` with a JSON text as its body. */
  async run({ app, connection, rawHeaders }: ExchangeOrigin, target: string, text: string): Promise<Reply> {
    const bytes = Buffer.from(text);
    const request: IncomingRequest = {
      method: 'POST',
      target,
      rawHeaders: [...rawHeaders, 'Content-Type', 'application/json', 'Content-Length', String(bytes.length)],
      connection,
      body: Readable.from([bytes], { objectMode: false }),
      cancelled: this.#cancelling.signal,
      onEnd: (listener) => {
        if (this.#ended === undefined) this.#listeners.push(listener);
        else listener(this.#ended);
      },
    };
    const reply = await app(request);
    this.#status = reply.status;
    return reply;
  }

  /** Resolves when it has ended. */
  get ended(): Promise<void> {
    return this.#over.promise;
  }

  /** The caller wants no more of the answer, and reads on. */
  cancel(): void {
    this.#cancelling.abort(new Error('the caller has cancelled it'));
  }

  /** @param whole whether the whole answer was sent */
  end(whole: boolean): void {
    if (this.#ended !== undefined) return;
    this.#ended = { status: this.#status, whole };
    for (const listener of this.#listeners.splice(0)) listener(this.#ended);
    this.#over.resolve();
  }
}
