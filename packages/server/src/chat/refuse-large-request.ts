import type { ChatRequest } from '../contracts/chat-request.ts';
import { type ChatField, ServerError } from '../contracts/server-error.ts';

/** The text is searched for each stop string with each token. */
const MOST_STOPS = 64;
const LONGEST_STOP = 1024;

/** Refuses fields that would take too long to process. Throws ServerError `INVALID_REQUEST`. */
export function refuseLargeRequest(
  { stop, clientTools, responseSchema }: ChatRequest,
  schemaExcess: (schema: unknown) => string | undefined,
): void {
  if (stop.length > MOST_STOPS) throw refusal(`There are more than ${MOST_STOPS} stop strings.`, 'stop');
  if (stop.some((text) => text.length > LONGEST_STOP)) {
    throw refusal(`A stop string has more than ${LONGEST_STOP} characters.`, 'stop');
  }
  const excess = responseSchema === undefined ? undefined : schemaExcess(responseSchema);
  if (excess !== undefined) throw refusal(`The response format cannot be used: ${excess}.`, 'responseSchema');
  for (const [index, { name, parameters }] of clientTools.entries()) {
    const reason = schemaExcess(parameters);
    if (reason !== undefined) {
      throw refusal(`Tool '${name}' cannot be used: ${reason}.`, `tools.${index}.parameters`);
    }
  }
}

const refusal = (message: string, field: ChatField): ServerError =>
  new ServerError('INVALID_REQUEST', message, { field });
