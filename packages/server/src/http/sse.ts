import type { WireEvent } from '../contracts/chat-dialect.ts';
import type { EventsBody } from './reply.ts';

/** Proxies and load balancers close idle connections, usually after a minute. */
const SILENCE_MILLISECONDS = 15_000;
/** A comment line, which every reader of event streams ignores. */
const COMMENT = ': still here\n\n';

/** Yields the frames, and a heartbeat or a comment line whenever the source has been silent for a while. */
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

/** Renders one event. The data must not contain line breaks, which would end the frame early. */
export const toFrame = ({ name, data }: WireEvent): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${inOneLine(data)}\n\n`;

/** JSON without the characters at which some readers end a line (those with Python's httpx), and JSON does not escape. */
export const inOneLine = (json: string): string =>
  json.replace(/[\u0085\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
