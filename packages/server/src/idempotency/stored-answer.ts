import { type ErrorDetails, ServerError, type ServerErrorCode } from '../contracts/server-error.ts';

/** What a request was answered with. */
export type StoredAnswer =
  | {
      readonly status: number;
      /** Those that the endpoint itself has set. */
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

/** An error as it is kept. */
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

/** The error that it was. */
export function fromStoredError({ code, message, ...facts }: StoredError): ServerError {
  return new ServerError(code, message, facts);
}
