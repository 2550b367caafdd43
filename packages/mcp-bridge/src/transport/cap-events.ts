import { TrafficGuard } from './traffic-guard.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

export interface CapEventsOptions {
  /** The longest event, or line that starts one. */
  readonly eventBytes: number;
  readonly now: () => number;
  /** Called once when the stream ends for any reason. */
  readonly onEnd: () => void;
}

/**
 * A stream of server-sent events of any duration. The size of each event and the number of events in a second are
 * limited. A stream that exceeds a limit ends.
 */
export function capEvents(
  body: ReadableStream<Uint8Array>,
  { eventBytes, now, onEnd }: CapEventsOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  const traffic = new TrafficGuard(now);
  let size = 0;
  let lineIsEmpty = true;
  let afterReturn = false;

  function count(chunk: Uint8Array): void {
    for (const byte of chunk) {
      size += 1;
      const endsLine = byte === carriageReturn || (byte === lineFeed && !afterReturn);
      if (endsLine && lineIsEmpty) {
        size = 0;
        traffic.unsolicited();
      }
      if (endsLine) lineIsEmpty = true;
      else if (byte !== lineFeed) lineIsEmpty = false;
      afterReturn = byte === carriageReturn;
      if (size > eventBytes) throw new RangeError(`an event is larger than ${eventBytes} bytes`);
    }
  }

  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          controller.close();
          onEnd();
          return;
        }
        count(value);
        controller.enqueue(new Uint8Array(value));
      } catch (error) {
        controller.error(error);
        onEnd();
        await reader.cancel(error).catch(() => {});
      }
    },
    async cancel(reason) {
      onEnd();
      await reader.cancel(reason);
    },
  });
}
