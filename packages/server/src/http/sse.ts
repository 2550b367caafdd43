import type { WireEvent } from '../contracts/chat-dialect.ts';
import type { EventsBody } from './reply.ts';

/** Proxies and balancers cut connections on which nothing comes, after a minute most of the time. */
const SILENCE_MILLISECONDS = 15_000;
/** A line that every reader of such streams passes over. */
const COMMENT = ': still here\n\n';

/** The frames, and a heartbeat or a comment line whenever the source has been silent for a while. */
export async function* breakSilence({
  events,
  silenceMilliseconds = SILENCE_MILLISECONDS,
  heartbeat = COMMENT,
}: EventsBody): AsyncGenerator<string | Uint8Array> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    let next = iterator.next();
    for (;;) {
      const silence = Promise.withResolvers<undefined>();
      const timer = setTimeout(() => silence.resolve(undefined), silenceMilliseconds);
      const result = await Promise.race([next, silence.promise]).finally(() => clearTimeout(timer));
      if (result === undefined) {
        yield heartbeat;
      } else if (result.done) {
        return;
      } else {
        yield result.value;
        next = iterator.next();
      }
    }
  } finally {
    await iterator.return?.();
  }
}

/** One event. Its data has no line breaks, which would end the frame early. */
export const toFrame = ({ name, data }: WireEvent): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${data}\n\n`;
