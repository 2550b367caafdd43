import { EngineError } from '@latchkey/engine';
import type { TransportedError } from './protocol.ts';

/** Converts an error to a form that can be sent to another thread or process. */
export function toTransportedError(error: unknown): TransportedError {
  if (error instanceof EngineError) {
    const detail = error.detail ?? (error.cause === undefined ? undefined : String(error.cause));
    return {
      code: error.code,
      message: error.message,
      ...(detail === undefined ? {} : { detail }),
      ...(error.field === undefined ? {} : { field: error.field }),
    };
  }
  return { code: 'INTERNAL', message: 'The engine failed at this request.', detail: String(error) };
}

/** Restores an error that was sent by another thread or process. */
export function fromTransportedError({ code, message, ...options }: TransportedError): EngineError {
  return new EngineError(code, message, options);
}
