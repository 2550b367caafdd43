import type { ServerState } from './state.ts';

/** Lets a request count as one that goes on until its events are over, also when its caller has left before. */
export async function* untilOver<T>(state: Pick<ServerState, 'goesOn'>, events: AsyncIterable<T>): AsyncGenerator<T> {
  const over = Promise.withResolvers<void>();
  state.goesOn ??= over.promise;
  try {
    yield* events;
  } finally {
    over.resolve();
  }
}
