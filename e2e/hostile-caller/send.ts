import { request as httpRequest } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** A request of a hostile caller: it is sent without any check or correction. */
export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** Sends the body in two halves with a pause between. */
  readonly pauseMilliseconds?: number;
  /** Disconnects after this time, regardless of the answer so far. */
  readonly leaveAfterMilliseconds?: number;
}

/** The outcome of the request: its status, or a word that says why there is none. */
export type HostileOutcome = number | 'left' | 'closed' | 'silent';

/** The server must answer or close a hostile request's connection within this time. */
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
    // Each request has its own connection, so that its effect on the connection cannot hide a failure of the next one.
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
