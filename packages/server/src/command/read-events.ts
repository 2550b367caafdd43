import { EventSourceParserStream } from 'eventsource-parser/stream';
import { CommandError } from './command-error.ts';

/** Returns the data of each event of an event-stream response as it arrives. Throws CommandError for any other response. */
export function readEvents({ body, headers }: Response): AsyncGenerator<string> {
  if (body === null || headers.get('content-type')?.startsWith('text/event-stream') !== true) {
    throw new CommandError('The server sent no stream of events. Is it a Latchkey server of this version?');
  }
  return dataOf(body);
}

async function* dataOf(body: NonNullable<Response['body']>): AsyncGenerator<string> {
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of events) yield data;
}
