import { ServerError } from '../../contracts/server-error.ts';
import type { TransportedError } from './protocol.ts';

/** An error in a form that can cross to another thread or process. */
export function toTransportedError(error: unknown): TransportedError {
  if (error instanceof ServerError) {
    const detail = error.detail ?? (error.cause === undefined ? undefined : String(error.cause));
    return {
      code: error.code,
      message: error.message,
      ...(detail === undefined ? {} : { detail }),
      ...(error.param === undefined ? {} : { param: error.param }),
    };
  }
  return { code: 'INTERNAL', message: 'The engine failed at this request.', detail: String(error) };
}

/** What it was on the other side. */
export function fromTransportedError({ code, message, detail, param }: TransportedError): ServerError {
  return new ServerError(code, message, {
    ...(detail === undefined ? {} : { detail }),
    ...(param === undefined ? {} : { param }),
  });
}
