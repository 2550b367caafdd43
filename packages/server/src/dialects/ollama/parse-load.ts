import type { ChatRequest } from '../../contracts/chat-request.ts';
import { validateBody } from '../../wire/validate-body.ts';
import { readLoadWish } from './read-settings.ts';
import { chatSchema, generateSchema } from './schema.ts';

/** A request without anything to answer: it loads its model, or unloads it. */
export interface ParsedLoad
  extends Pick<ChatRequest, 'model' | 'contextLength' | 'contextLengthIsWish' | 'keepAliveMilliseconds'> {
  readonly unload: boolean;
  readonly kind: 'chat' | 'generate';
}

/** Reads such a request; undefined for every other. Throws ServerError with the parameter's name. */
export function parseLoad(kind: ParsedLoad['kind'], input: unknown): ParsedLoad | undefined {
  const body = validateBody(kind === 'chat' ? chatSchema : generateSchema, input);
  const hasInput = 'messages' in body ? (body.messages ?? []).length > 0 : Boolean(body.prompt || body.suffix);
  if (hasInput) return undefined;
  const { keepAliveMilliseconds, ...wish } = readLoadWish(body);
  if (keepAliveMilliseconds === 0) return { kind, model: body.model, unload: true };
  return {
    kind,
    model: body.model,
    unload: false,
    ...wish,
    ...(keepAliveMilliseconds === undefined ? {} : { keepAliveMilliseconds }),
  };
}
