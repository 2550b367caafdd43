import { AsyncLocalStorage } from 'node:async_hooks';
import { capEvents } from './cap-events.ts';
import { type LinkedSignal, linkSignals } from './link-signals.ts';

/** The platform's `fetch`, or a replacement. */
export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** How long sending a message without a waiting caller may take. */
const unattendedMs = 5_000;

export interface GuardedFetch {
  readonly fetch: Fetch;
  /**
   * Runs a task. Every HTTP exchange that it started is closed when it settles, even if it was not read to its end.
   * Rejects as soon as a response is too large; otherwise a caller that waits for an answer in a stream of events would
   * keep waiting.
   */
  exchange<T>(task: () => Promise<T>): Promise<T>;
}

export interface GuardedFetchOptions {
  readonly fetch: Fetch;
  readonly bodyBytes: number;
  /**
   * For HTTP+SSE, where all answers arrive over one standing GET stream: allows that stream, with the size limit of a
   * body for each event, and is called when it ends. Absent: there is no standing stream.
   */
  readonly onStreamEnd?: () => void;
  readonly now: () => number;
}

/**
 * Wraps `fetch` for an untrusted server. It caps each response body (counted after decompression), ends the exchanges
 * of a call together with the call (the SDK leaves them open in the older era), leaves no lasting listener on the
 * transport's signal, and declines the standing GET stream, over which a server could send forever; lists are read
 * again instead. A GET that resumes a broken answer (`Last-Event-ID`) is allowed.
 */
export function createGuardedFetch({ fetch, bodyBytes, onStreamEnd, now }: GuardedFetchOptions): GuardedFetch {
  const current = new AsyncLocalStorage<Exchange>();

  const guardedFetch: Fetch = async (url, init = {}) => {
    const headers = new Headers(init.headers);
    if ((init.method ?? 'GET') === 'GET' && !headers.has('last-event-id')) {
      return onStreamEnd === undefined ? new Response(null, { status: 405 }) : standingStream(url, init, onStreamEnd);
    }
    // A cancellation is sent by a call that was just given up, so it must not be aborted with that call.
    const own = isCancellation(init.body) ? undefined : current.getStore();
    const link = linkSignals([init.signal ?? undefined, own?.signal ?? AbortSignal.timeout(unattendedMs)]);
    try {
      const response = await fetch(url, { ...init, signal: link.signal });
      if (response.body === null) {
        link.release();
        return response;
      }
      const { status, statusText } = response;
      const body = capBody(response.body, bodyBytes, link, own?.giveUp);
      return new Response(body, { status, statusText, headers: response.headers });
    } catch (error) {
      link.release();
      throw error;
    }
  };

  /** Opens a stream with the lifetime of the transport: the call during which it is opened must not end it. */
  async function standingStream(url: string | URL, init: RequestInit, onEnd: () => void): Promise<Response> {
    const response = await current.exit(() => fetch(url, init));
    const { status, statusText, headers, body } = response;
    if (body === null || !response.ok) {
      await body?.cancel();
      return new Response(null, { status, statusText, headers });
    }
    return new Response(capEvents(body, { eventBytes: bodyBytes, now, onEnd }), { status, statusText, headers });
  }

  return {
    fetch: guardedFetch,
    async exchange(task) {
      const controller = new AbortController();
      const { promise: givenUp, reject: giveUp } = Promise.withResolvers<never>();
      try {
        return await Promise.race([current.run({ signal: controller.signal, giveUp }, task), givenUp]);
      } finally {
        controller.abort();
      }
    },
  };
}

interface Exchange {
  /** Fires when the exchange has ended. */
  readonly signal: AbortSignal;
  readonly giveUp: (reason: Error) => void;
}

function isCancellation(body: unknown): boolean {
  if (typeof body !== 'string' || !body.includes('"notifications/cancelled"')) return false;
  return JSON.parse(body).method === 'notifications/cancelled';
}

function capBody(
  body: ReadableStream<Uint8Array>,
  limit: number,
  link: LinkedSignal,
  onTooLarge: (reason: Error) => void = () => {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let size = 0;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          link.release();
          controller.close();
          return;
        }
        size += value.length;
        if (size > limit) {
          const reason = new RangeError(`a response is larger than ${limit} bytes`);
          onTooLarge(reason);
          throw reason;
        }
        controller.enqueue(new Uint8Array(value));
      } catch (error) {
        link.abort();
        controller.error(error);
      }
    },
    async cancel(reason) {
      link.release();
      await reader.cancel(reason);
    },
  });
}
