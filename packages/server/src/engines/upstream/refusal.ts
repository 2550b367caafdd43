import { EngineError } from '@latchkey/engine';
import { z } from 'zod';

/** Words that may be shown: codes and names of parameters, never text that the caller or the server wrote. */
const word = z
  .string()
  .regex(/^[\w.[\]-]{1,64}$/)
  .nullish()
  .catch(undefined);
const errorSchema = z.looseObject({ code: word, type: word, param: word, message: z.string().catch('') });

const TOO_LONG = /context.{0,20}(?:length|size|window)|too many tokens|prompt is too long/i;

/** What the error of a body says: it stands in `error`, or is the body itself. */
export const errorOf = (body: unknown): z.infer<typeof errorSchema> | undefined => {
  const { success, data } = z.looseObject({ error: z.unknown().optional() }).safeParse(body);
  return errorSchema.safeParse(success && data.error ? data.error : body).data;
};

/**
 * What an upstream server refuses, in our words: what it wrote could have parts of the conversation or its key in it.
 *
 * @param status of the answer, or of an error in the middle of a stream
 */
export function toRefusal(status: number, body: unknown): EngineError {
  const error = errorOf(body);
  const what = [String(status), error?.code ?? error?.type, error?.param].filter((part) => part != null).join(' ');
  if (error?.code === 'context_length_exceeded' || (status < 500 && TOO_LONG.test(error?.message ?? ''))) {
    return new EngineError(
      'CONTEXT_EXCEEDED',
      'The conversation is longer than the context of the model. Shorten it.',
      {
        field: 'messages',
      },
    );
  }
  if (status === 400 || status === 422) {
    return new EngineError('INVALID_REQUEST', `The upstream server refuses the request: ${what}.`);
  }
  if (status === 413) return new EngineError('CONTEXT_EXCEEDED', 'The upstream server refuses so long a request.');
  if (status === 429 || status === 503) {
    return new EngineError('OVERLOADED', 'The upstream server has too much to do. Try again.', { detail: what });
  }
  if (status === 401 || status === 403 || status === 404) {
    const message = 'The upstream server does not take requests of this server. The operator can read why in the log.';
    return new EngineError('INTERNAL', message, { detail: what });
  }
  return new EngineError('MODEL_CRASHED', 'The upstream server failed at the request. Try again.', { detail: what });
}
