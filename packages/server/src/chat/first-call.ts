import type { RoundEvent } from './generate-within-budget.ts';

/**
 * The events of a round without any of a second call: it is neither reported nor run, also where an engine does not end
 * its turn with the first one.
 */
export async function* firstCallOnly(events: AsyncIterable<RoundEvent>): AsyncGenerator<RoundEvent> {
  let first: number | undefined;
  for await (const event of events) {
    if ('index' in event) {
      first ??= event.index;
      if (event.index !== first) continue;
    }
    yield event;
  }
}
