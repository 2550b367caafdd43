import { type ErrorDetails, ServerError, type ServerErrorCode } from '../contracts/server-error.ts';

/** The stored answer to a request. */
export type StoredAnswer =
  | {
      readonly status: number;
      /** The headers that the endpoint itself set. */
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string;
    }
  | { readonly error: StoredError };

interface StoredError {
  readonly code: ServerErrorCode;
  readonly message: string;
  readonly param?: string;
  readonly details?: ErrorDetails;
}

/** Converts an error to its stored form. */
export function toStoredError({ code, message, param, details }: ServerError): StoredAnswer {
  return {
    error: {
      code,
      message,
      ...(param === undefined ? {} : { param }),
      ...(details === undefined ? {} : { details }),
    },
  };
}

/** Restores a stored error. */
export function fromStoredError({ code, message, ...facts }: StoredError): ServerError {
  return new ServerError(code, message, facts);
}
