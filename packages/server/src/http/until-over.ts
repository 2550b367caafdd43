import type { RequestContext } from './request-context.ts';

/** Marks a request as going on until its events have ended, even if its caller disconnects before. */
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
