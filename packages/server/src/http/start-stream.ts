import type { ChatEvent } from '../contracts/chat-event.ts';

/** What comes before a model has begun: a fault after these is still a status and a body. */
const PRELUDE: ReadonlySet<ChatEvent['type']> = new Set(['chat.start', 'prompt_processing.start']);

/**
 * Waits for the first event that shows that the chat has begun, so that what is refused before has a status. Throws the error
 * of an `error` event that comes first; the chat has ended then.
 *
 * @param alsoHeld further events that are held back meanwhile, since their reader would not see them anyway
 */
export async function startStream(
  events: AsyncGenerator<ChatEvent>,
  alsoHeld: (event: ChatEvent) => boolean = () => false,
): Promise<AsyncGenerator<ChatEvent>> {
  const held: ChatEvent[] = [];
  for (;;) {
    const { done, value: event } = await events.next();
    if (done) break;
    if (event.type === 'error') {
      await events.return(undefined);
      throw event.error;
    }
    held.push(event);
    if (!PRELUDE.has(event.type) && !alsoHeld(event)) break;
  }
  return resume(held, events);
}

async function* resume(held: readonly ChatEvent[], events: AsyncGenerator<ChatEvent>): AsyncGenerator<ChatEvent> {
  try {
    yield* held;
    yield* events;
  } finally {
    await events.return(undefined);
  }
}
