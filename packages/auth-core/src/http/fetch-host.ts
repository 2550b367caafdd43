import type { Refusal } from './render-refusal.ts';
import type { RequestHost } from './request-guard.ts';

const SWITCHING = 101;

/** A fetch request that is being answered. */
export interface FetchHost extends RequestHost {
  /** The response with the headers that were set, observed until its body has ended. */
  finish(response: Response): Response;
  /** Reports that the request gets no response. */
  fail(): void;
}

/**
 * What a guard needs to know of a fetch request and its response. The response has ended when its body was read to its
 * end, has failed or was cancelled, when the client has disconnected, and at once where there is no body.
 */
export function fetchHost(request: Pick<Request, 'method' | 'signal'>): FetchHost {
  const added: Record<string, string> = {};
  const listeners = new Set<() => void>();
  let state: 'running' | 'observed' | 'unobserved' | 'ended' = 'running';

  function end(): void {
    state = 'ended';
    for (const listener of listeners) listener();
    listeners.clear();
  }

  /** The body to send instead, whose end is the end of the response. */
  function observe({ body, status }: Response): Response['body'] {
    state = 'observed';
    // A connection that continues as a socket ends with its client. The body of an answer to HEAD is discarded unread.
    const isOver = status !== SWITCHING && (body === null || request.method === 'HEAD');
    if (isOver || request.signal.aborted) end();
    else request.signal.addEventListener('abort', end, { once: true });
    return body === null || isOver ? body : passOn(body, end);
  }

  return {
    setHeaders: (headers) => void Object.assign(added, headers),
    onEnd(ended) {
      if (state === 'ended') return ended();
      if (state === 'unobserved') throw new TypeError('read the signal of a caller before the response is returned');
      listeners.add(ended);
    },
    clientSignal: () => request.signal,
    finish(response) {
      const names = Object.keys(added);
      const isObserved = listeners.size > 0;
      if (!isObserved) state = 'unobserved';
      const body = isObserved ? observe(response) : response.body;
      // One that need not change stays as it is, and the response of a socket cannot be made again.
      if ((body === response.body && names.length === 0) || response.status === SWITCHING) return response;
      const finished = new Response(body, response);
      for (const name of names) finished.headers.set(name, added[name] ?? '');
      return finished;
    },
    fail: end,
  };
}

/** Passes a body on, and calls back once it has ended: read to its end, failed or cancelled. */
function passOn(body: ReadableStream<Uint8Array>, ended: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          ended();
          controller.close();
        } catch (error) {
          ended();
          controller.error(error);
        }
      },
      async cancel(reason) {
        ended();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** A refusal as a fetch response. */
export function toResponse({ status, headers, body }: Refusal): Response {
  const response = new Response(body, { status });
  for (const [name, values] of Object.entries(headers)) {
    response.headers.delete(name);
    for (const value of [values].flat()) response.headers.append(name, value);
  }
  return response;
}
