import type { RequestContext } from './request-context.ts';

/** Lets a request count as one that goes on until its events are over, also when its caller has left before. */
export async function* untilOver<T>(
  context: Pick<RequestContext, 'goesOn'>,
  events: AsyncIterable<T>,
): AsyncGenerator<T> {
  const over = Promise.withResolvers<void>();
  context.goesOn ??= over.promise;
  try {
    yield* events;
  } finally {
    over.resolve();
  }
}
