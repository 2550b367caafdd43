import type { EngineError } from '@latchkey/engine';
import type { Backends } from './backends.ts';
import { isFinal, isServers, toFailure, unloaded, unreachable } from './failure.ts';
import { readBounded } from './read-bounded.ts';
import { BrokenStream } from './read-events.ts';
import { toRefusal } from './refusal.ts';
import type { UpstreamOptions } from './upstream-options.ts';

const MOST_ERROR_BYTES = 65_536;

/** What is asked of whichever server answers. */
export interface JsonQuestion<T> {
  /** Below the URL of the server, e.g. `/embeddings`. */
  readonly path: string;
  readonly body: object;
  readonly mostBytes: number;
  /** Reads the answer. Throws BrokenStream when it is not what was asked for. */
  readonly read: (answer: unknown) => T;
}

/** The servers, and the signal that fires when nothing more is asked of them. */
export interface JsonServers {
  readonly options: UpstreamOptions;
  readonly backends: Backends;
  readonly stop: AbortSignal;
}

/** Asks one server after the other until one answers. Throws EngineError, or the reason of `signal`. */
export async function askForJson<T>(
  { options, backends, stop }: JsonServers,
  question: JsonQuestion<T>,
  signal: AbortSignal,
): Promise<T> {
  const tried = new Set<string>();
  let failure: EngineError | undefined;
  for (;;) {
    if (stop.aborted) throw unloaded();
    using visit = backends.visit(question.path, tried);
    if (visit === undefined) throw failure ?? unreachable('all servers rest after failures');
    tried.add(visit.url);
    try {
      const answer = await askOne(options, visit.url, question, AbortSignal.any([signal, stop]));
      visit.succeeded();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (stop.aborted) throw unloaded();
      failure = toFailure(error, false);
      if (isServers(failure)) visit.failed();
      if (isFinal(failure)) throw failure;
    }
  }
}

async function askOne<T>(
  { apiKey, firstByteMilliseconds, fetch: ask = fetch }: UpstreamOptions,
  url: string,
  { path, body, mostBytes, read }: JsonQuestion<T>,
  signal: AbortSignal,
): Promise<T> {
  const late = AbortSignal.timeout(firstByteMilliseconds);
  try {
    const response = await ask(url + path, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.any([signal, late]),
      headers: {
        'content-type': 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw toRefusal(response.status, await readBounded(response, MOST_ERROR_BYTES));
    return read(await readBounded(response, mostBytes));
  } catch (error) {
    if (!late.aborted) throw error;
    throw new BrokenStream(`it did not answer within ${firstByteMilliseconds / 1000} seconds`);
  }
}
