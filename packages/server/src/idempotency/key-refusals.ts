import { ServerError } from '../contracts/server-error.ts';

const param = 'Idempotency-Key';

export const keyMeansAnother = (): ServerError =>
  new ServerError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was sent with another request before. Send the same request again, or a new key with a new request.',
    { param },
  );

export const outcomeIsUnknown = (): ServerError =>
  new ServerError(
    'IDEMPOTENCY_OUTCOME_UNKNOWN',
    'The server ended while it carried out the request of this Idempotency-Key, and what came of it is not known. It is not ' +
      'carried out again: look at what there is, and send a new key to have it done once more.',
    { param },
  );

export const answerIsGone = (): ServerError =>
  new ServerError(
    'IDEMPOTENCY_ANSWER_GONE',
    'The request of this Idempotency-Key was carried out, and its answer is not kept (any more). It is not carried out again: ' +
      'look at what there is, and send a new key to have it done once more.',
    { param },
  );

export const tooManyKeys = (): ServerError =>
  new ServerError(
    'IDEMPOTENCY_KEYS_EXCEEDED',
    'As many keys of this token are kept already as may be. Wait until some expire, or send the request without an ' +
      'Idempotency-Key.',
    { param },
  );

/** After a change of its grants, a token does not get the stored answer, which it may no longer be allowed to see. */
export const authorityHasChanged = (): ServerError =>
  new ServerError(
    'PERMISSION_DENIED',
    'What this token may do has changed since it sent the request of this Idempotency-Key. The answer is not given again, and ' +
      'the request is not carried out again: send a new key.',
    { param },
  );
