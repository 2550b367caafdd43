import { EngineError } from '@latchkey/engine';
import { z } from 'zod';

/** Words that may be shown: codes and parameter names, never text that the caller or the server wrote. */
const word = z
  .string()
  .regex(/^[\w.[\]-]{1,64}$/)
  .nullish()
  .catch(undefined);
const errorSchema = z.looseObject({ code: word, type: word, param: word, message: z.string().catch('') });

const TOO_LONG = /context.{0,20}(?:length|size|window)|too many tokens|prompt is too long/i;

/** Returns the error of a body: the value of `error`, or the body itself. */
export const errorOf = (body: unknown): z.infer<typeof errorSchema> | undefined => {
  const { success, data } = z.looseObject({ error: z.unknown().optional() }).safeParse(body);
  return errorSchema.safeParse(success && data.error ? data.error : body).data;
};

/**
 * Describes an upstream server's refusal in our own words: the server's text could contain parts of the conversation or
 * the key.
 *
 * @param status the status of the response, or of an error in the middle of a stream
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
