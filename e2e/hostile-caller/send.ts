import { request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** One request as a hostile caller sends it: nothing is checked or repaired on its way. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** Sends the body in two halves with a pause between. */
  readonly pauseMilliseconds?: number;
  /** Hangs up after this time, whatever was answered until then. */
  readonly leaveAfterMilliseconds?: number;
}

/** What became of it: the status, or in one word why there is none. */
export type HostileOutcome = number | 'left' | 'closed' | 'silent';

/** No request of a hostile caller may keep its connection longer than this without being answered or closed. */
const PATIENCE_MILLISECONDS = 60_000;

export async function send(url: string, hostile: HostileRequest): Promise<HostileOutcome> {
  const { promise, resolve } = Promise.withResolvers<HostileOutcome>();
  const { method, path, headers = {}, body, pauseMilliseconds, leaveAfterMilliseconds } = hostile;
  const target = new URL(url);
  const outgoing = httpRequest({
    host: target.hostname,
    port: target.port,
    method,
    path,
    // A new connection for each: what one request does to its connection must not excuse the next.
    agent: false,
    headers: headers as Record<string, string | string[]>,
  });
  let status: number | undefined;
  outgoing.on('error', () => resolve(status ?? 'closed'));
  outgoing.on('response', (incoming) => {
    status = incoming.statusCode ?? 0;
    incoming.on('error', () => resolve(status ?? 'closed'));
    incoming.on('end', () => resolve(status ?? 'closed'));
    incoming.resume();
  });
  const patience = setTimeout(() => {
    resolve('silent');
    outgoing.destroy();
  }, PATIENCE_MILLISECONDS);
  const leaving =
    leaveAfterMilliseconds === undefined
      ? undefined
      : setTimeout(() => {
          resolve(status ?? 'left');
          outgoing.destroy();
        }, leaveAfterMilliseconds);
  try {
    if (body === undefined) outgoing.end();
    else if (pauseMilliseconds === undefined) outgoing.end(body);
    else {
      const half = Math.floor(body.length / 2);
      outgoing.write(body.slice(0, half));
      await delay(pauseMilliseconds);
      outgoing.end(body.slice(half));
    }
    return await promise;
  } finally {
    clearTimeout(patience);
    clearTimeout(leaving);
  }
}
