import type { Refusal } from './render-refusal.ts';
import type { RequestHost } from './request-guard.ts';

/** The parts of a Node response that an adapter uses: those of `node:http`, of HTTP/2, and emulated ones. */
export interface NodeResponse {
  statusCode: number;
  readonly headersSent: boolean;
  readonly closed?: boolean;
  readonly destroyed?: boolean;
  readonly writableFinished?: boolean;
  setHeader(name: string, value: string | string[]): unknown;
  removeHeader(name: string): unknown;
  once(event: 'close' | 'finish', listener: () => void): unknown;
  end(text: string): unknown;
}

/**
 * What a guard needs to know of a Node response. It has ended when it was sent, or when its connection was closed:
 * emulated responses, such as those of AWS Lambda, are never closed.
 */
export function nodeHost(response: NodeResponse): RequestHost {
  return {
    setHeaders(headers) {
      if (response.headersSent) return;
      for (const name in headers) response.setHeader(name, headers[name] ?? '');
    },
    onEnd: (ended) => onEnd(response, ended),
    clientSignal() {
      const gone = new AbortController();
      onEnd(response, (isSent) => {
        if (!isSent) gone.abort(new DOMException('The client has disconnected.', 'AbortError'));
      });
      return gone.signal;
    },
  };
}

function onEnd(response: NodeResponse, ended: (isSent: boolean) => void): void {
  let isOver = false;
  const end = (isSent: boolean): void => {
    if (isOver) return;
    isOver = true;
    ended(isSent);
  };
  const { closed = false, destroyed = false, writableFinished = false } = response;
  if (closed || destroyed || writableFinished) {
    end(writableFinished);
    return;
  }
  response.once('finish', () => end(true));
  response.once('close', () => end(false));
}

/** Sends a refusal. Headers of the answer that is not given, such as its `ETag`, are removed. */
export function sendRefusal(response: NodeResponse, refusal: Refusal): void {
  setRefusalHeaders(response, refusal);
  response.end(refusal.body);
}

/** Sets the status and the headers of a refusal, for a host that sends its body. */
export function setRefusalHeaders(response: NodeResponse, { status, headers, without }: Refusal): void {
  for (const name of without) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
}
