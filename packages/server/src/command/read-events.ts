import { EventSourceParserStream } from 'eventsource-parser/stream';
import { CommandError } from './command-error.ts';

/** Yields the data of each event of an event-stream response as it arrives. */
export async function* readEvents({ body }: Response): AsyncGenerator<string> {
  if (body === null) throw new CommandError('The server sent no answer.');
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of events) yield data;
}
