import { EventSourceParserStream } from 'eventsource-parser/stream';
import { CommandError } from './command-error.ts';

/** The data of each event of an answer that is a stream of them, as it comes. */
export async function* readEvents({ body }: Response): AsyncGenerator<string> {
  if (body === null) throw new CommandError('The server sent no answer.');
  const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { data } of events) yield data;
}
